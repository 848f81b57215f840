-- The reader asks: what a document asks its reader, what readers said, and how they want to be written to or called.

-- +goose Up
create table document_questions (
  id          uuid primary key,
  document_id uuid not null references documents,
  number      integer not null check (number > 0),
  text        text not null check (text <> ''),
  archived_at timestamptz,
  created_at  timestamptz not null
);
create unique index document_questions_number on document_questions (document_id, number) where archived_at is null;

-- What a reader said. Said on a thank-you page it is a claim; said on the personal page, which came by mail, it is confirmed.
-- Of a submission that has not become a lead yet it waits without one, and is joined to the lead that the submission becomes.
-- A claim and what the mailbox's owner said are rows of their own, so that neither hides, uncovers or undoes the other.
create table sayings (
  id            uuid primary key,
  lead_id       uuid references leads,
  address_id    uuid references lead_addresses,
  document_id   uuid not null references documents,
  question_id   uuid references document_questions,
  submission_id uuid references submissions,
  kind          text not null check (kind in ('ours','ask')),
  text          text not null,
  page          text not null check (page in ('thanks','personal')),
  state         text not null check (state in ('claimed','confirmed')),
  at            timestamptz not null,
  confirmed_at  timestamptz,
  taken_back_at timestamptz,
  answered_at   timestamptz,
  answered_by   uuid references users,
  check ((kind = 'ours') = (question_id is not null)),
  check ((lead_id is null) = (address_id is null)),
  check (lead_id is not null or submission_id is not null)
);
create unique index sayings_claimed on sayings (submission_id, question_id) where kind = 'ours' and page = 'thanks' and taken_back_at is null;
create unique index sayings_said on sayings (address_id, question_id) where kind = 'ours' and page = 'personal' and taken_back_at is null;
create index sayings_lead on sayings (lead_id, at);
create index sayings_address on sayings (address_id, document_id);
create index sayings_waiting on sayings (submission_id) where lead_id is null;

-- How a reader wants to be met. The current one of a lead binds sales.
create table contact_choices (
  id            uuid primary key,
  lead_id       uuid references leads,
  address_id    uuid references lead_addresses,
  submission_id uuid references submissions,
  how           text not null check (how in ('mail','call','booking','none')),
  slots         jsonb not null,
  tel           text not null,
  page          text not null check (page in ('thanks','personal','preferences','staff')),
  state         text not null check (state in ('claimed','confirmed')),
  current       boolean not null,
  at            timestamptz not null,
  confirmed_at  timestamptz,
  check ((lead_id is null) = (address_id is null)),
  check (lead_id is not null or submission_id is not null and not current)
);
create unique index contact_choices_current on contact_choices (lead_id) where current;
create index contact_choices_lead on contact_choices (lead_id, at);
create index contact_choices_submission on contact_choices (submission_id, at);

-- Mails that came in: replies, and copies of what sales sent. The text goes to the activity; here is what proves it.
create table inbound_mails (
  id          uuid primary key,
  message_id  text not null unique,
  received_at timestamptz not null,
  sender      text not null,
  lead_id     uuid references leads,
  activity_id uuid references activities,
  outcome     text not null,
  raw         bytea not null
);
create index inbound_mails_lead on inbound_mails (lead_id, received_at);

comment on column document_questions.id is 'not personal';
comment on column document_questions.document_id is 'not personal';
comment on column document_questions.number is 'not personal';
comment on column document_questions.text is 'not personal';
comment on column document_questions.archived_at is 'not personal';
comment on column document_questions.created_at is 'not personal';
comment on column sayings.id is 'not personal';
comment on column sayings.lead_id is 'not personal';
comment on column sayings.address_id is 'not personal';
comment on column sayings.document_id is 'not personal';
comment on column sayings.question_id is 'not personal';
comment on column sayings.submission_id is 'not personal';
comment on column sayings.kind is 'not personal';
comment on column sayings.text is 'personal';
comment on column sayings.page is 'not personal';
comment on column sayings.state is 'not personal';
comment on column sayings.at is 'not personal';
comment on column sayings.confirmed_at is 'not personal';
comment on column sayings.taken_back_at is 'not personal';
comment on column sayings.answered_at is 'not personal';
comment on column sayings.answered_by is 'not personal';
comment on column contact_choices.id is 'not personal';
comment on column contact_choices.lead_id is 'not personal';
comment on column contact_choices.address_id is 'not personal';
comment on column contact_choices.submission_id is 'not personal';
comment on column contact_choices.how is 'not personal';
comment on column contact_choices.slots is 'personal';
comment on column contact_choices.tel is 'personal';
comment on column contact_choices.page is 'not personal';
comment on column contact_choices.state is 'not personal';
comment on column contact_choices.current is 'not personal';
comment on column contact_choices.at is 'not personal';
comment on column contact_choices.confirmed_at is 'not personal';
comment on column inbound_mails.id is 'not personal';
comment on column inbound_mails.message_id is 'personal';
comment on column inbound_mails.received_at is 'not personal';
comment on column inbound_mails.sender is 'personal';
comment on column inbound_mails.lead_id is 'not personal';
comment on column inbound_mails.activity_id is 'not personal';
comment on column inbound_mails.outcome is 'not personal';
comment on column inbound_mails.raw is 'personal';

-- +goose Down
drop table inbound_mails, contact_choices, sayings, document_questions;
