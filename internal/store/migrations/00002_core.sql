-- The ground: settings, staff, documents, gates, intake, people, delivery, what came back.
-- Every column carries a comment, 'personal' or 'not personal': erasure and its test read these tags.

-- +goose Up

-- Settings: one row for the installation.
create table settings (
  id              smallint primary key default 1 check (id = 1),
  company_name    text not null,
  postal_address  text not null,
  contact_email   text not null,
  sender_name     text not null,
  privacy_url     text not null,
  privacy_version text not null,
  imprint_url     text not null,
  imprint_version text not null,
  time_zone       text not null,
  week_start      smallint not null check (week_start between 0 and 6),
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  locale          text not null,
  mail_hold       boolean not null,
  mail_hold_why   text not null,
  version         bigint not null,
  updated_at      timestamptz not null
);

-- The oldest program that may run on this schema, as the number of the newest migration it knows. A migration that an
-- older program cannot live with raises it; all others leave it, so that rolling upgrades work.
create table schema_minimum (
  id    smallint primary key default 1 check (id = 1),
  known bigint not null
);
insert into schema_minimum (known) values (2);

-- Which document folder belongs to this database.
create table file_store (
  id   smallint primary key default 1 check (id = 1),
  mark text not null
);

-- Staff.
create table users (
  id            uuid primary key,
  email         text not null unique check (email = lower(email)),
  name          text not null,
  role          text not null check (role in ('admin','marketing','sales')),
  password_hash text not null,
  session_epoch bigint not null,
  disabled_at   timestamptz,
  last_login_at timestamptz,
  version       bigint not null,
  created_at    timestamptz not null
);
create table user_tokens (
  id         uuid primary key,
  user_id    uuid references users on delete cascade,
  purpose    text not null check (purpose in ('setup','password')),
  expires_at timestamptz not null,
  used_at    timestamptz,
  created_at timestamptz not null,
  check (purpose = 'setup' or user_id is not null)
);
create table sessions (
  hash       text primary key,
  data       bytea not null,
  expires_at timestamptz not null
);
create index sessions_expiry on sessions (expires_at);
create table login_attempts (
  id          uuid primary key,
  account_key bytea not null,
  block_key   bytea not null,
  succeeded   boolean not null,
  at          timestamptz not null
);
create index login_attempts_account on login_attempts (account_key, at);
create index login_attempts_block on login_attempts (block_key, at);
create table api_keys (
  id           uuid primary key,
  name         text not null,
  prefix       text not null,
  hash         bytea not null unique,
  scopes       jsonb not null,
  created_by   uuid references users,
  created_at   timestamptz not null,
  last_used_at timestamptz,
  revoked_at   timestamptz
);
create table audit_log (
  id          uuid primary key,
  at          timestamptz not null,
  actor_kind  text not null check (actor_kind in ('user','command','system','api-key')),
  actor_id    uuid,
  actor_name  text not null,
  action      text not null,
  object_kind text not null,
  object_id   text not null,
  detail      jsonb not null
);
create index audit_log_at on audit_log (at desc, id desc);
create index audit_log_object on audit_log (object_kind, object_id, at desc);

-- Documents and their versions. A version's file is never overwritten.
create table documents (
  id                 uuid primary key,
  title              text not null check (title <> ''),
  language           text not null,
  byline             text not null,
  current_version_id uuid,
  archived_at        timestamptz,
  version            bigint not null,
  created_at         timestamptz not null,
  updated_at         timestamptz not null
);
create table document_versions (
  id           uuid primary key,
  document_id  uuid not null references documents,
  number       integer not null check (number > 0),
  file_key     text not null,
  sha256       text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size         bigint not null check (size > 0),
  pages        integer not null check (pages > 0),
  content_type text not null,
  cover_key    text not null,
  samples      jsonb not null,
  findings     jsonb not null,
  created_by   uuid references users,
  created_at   timestamptz not null,
  unique (document_id, number),
  unique (document_id, sha256)
);
alter table documents add foreign key (current_version_id) references document_versions deferrable initially immediate;

-- Gates.
create table gates (
  id                   uuid primary key,
  slug                 text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
  document_id          uuid not null references documents,
  state                text not null check (state in ('draft','published','archived')),
  draft                jsonb not null,
  published_version_id uuid,
  version              bigint not null,
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  check (state <> 'published' or published_version_id is not null)
);
create table gate_versions (
  id           uuid primary key,
  gate_id      uuid not null references gates,
  number       integer not null check (number > 0),
  definition   jsonb not null,
  language     text not null,
  published_by uuid references users,
  published_at timestamptz not null,
  unique (gate_id, number)
);
alter table gates add foreign key (published_version_id) references gate_versions deferrable initially immediate;
create table gate_slugs (
  slug       text primary key,
  gate_id    uuid not null references gates,
  created_at timestamptz not null
);

-- Intake: the fact, its payload, and the keys that make a repeat the same intent.
create table submissions (
  id              uuid primary key,
  gate_id         uuid not null references gates,
  gate_version_id uuid not null references gate_versions,
  received_at     timestamptz not null,
  door            text not null check (door in ('page','embed','api','staff')),
  language        text not null,
  variant         text not null,
  verdict         text not null check (verdict in ('pass','quarantine')),
  weight          smallint not null,
  reasons         jsonb not null,
  notices         text not null,
  state           text not null check (state in ('received','processed','quarantined','released','discarded','erased')),
  state_at        timestamptz not null,
  decided_by      uuid references users,
  corrects_id     uuid references submissions
);
create index submissions_received on submissions (received_at desc, id desc);
create index submissions_corrections on submissions (corrects_id) where corrects_id is not null;
create index submissions_open on submissions (state, received_at) where state in ('received','quarantined','released');
create table submission_payloads (
  submission_id uuid primary key references submissions,
  address       text not null,
  typed         text not null,
  answers       jsonb not null,
  consents      jsonb not null,
  flags         jsonb not null,
  source        jsonb not null,
  block         text not null,
  user_agent    text not null
);
create index submission_payloads_address on submission_payloads (address);
create table once_keys (
  key           bytea primary key,
  body_hash     bytea not null,
  submission_id uuid not null,
  expires_at    timestamptz not null
);
create index once_keys_expiry on once_keys (expires_at);

-- People.
create table companies (
  id         uuid primary key,
  name       text not null,
  created_at timestamptz not null
);
create table company_domains (
  domain     text primary key,
  company_id uuid not null references companies deferrable initially deferred,
  created_at timestamptz not null
);
create index company_domains_company on company_domains (company_id);
create table leads (
  id            uuid primary key,
  company_id    uuid references companies,
  state         text not null check (state in ('active','erased')),
  given_name    text not null,
  family_name   text not null,
  company       text not null,
  job_title     text not null,
  tel           text not null,
  country       text not null,
  email         text not null,
  first_gate_id uuid references gates,
  source        text not null,
  submissions   integer not null,
  version       bigint not null,
  created_at    timestamptz not null,
  last_at       timestamptz not null,
  erased_at     timestamptz
);
create index leads_last on leads (last_at desc, id desc);
create index leads_created on leads (created_at desc, id desc);
create index leads_company on leads (company_id);
create table lead_addresses (
  id           uuid primary key,
  lead_id      uuid not null references leads deferrable initially deferred,
  address      text not null unique,
  typed        text not null,
  strict_key   text not null,
  domain       text not null,
  confirmed_at timestamptz,
  link_serial  integer not null,
  created_at   timestamptz not null
);
create index lead_addresses_lead on lead_addresses (lead_id);
create index lead_addresses_strict on lead_addresses (strict_key);
create table lead_values (
  id            uuid primary key,
  lead_id       uuid not null references leads,
  address_id    uuid not null references lead_addresses,
  submission_id uuid references submissions,
  field         text not null,
  value         text not null,
  state         text not null check (state in ('claimed','confirmed')),
  current       boolean not null,
  known_at      timestamptz not null,
  confirmed_at  timestamptz,
  unique (submission_id, field)
);
create index lead_values_lead on lead_values (lead_id, field, known_at);
create unique index lead_values_current on lead_values (lead_id, field) where current;
create table consents (
  id            uuid primary key,
  lead_id       uuid not null references leads,
  address_id    uuid not null references lead_addresses,
  submission_id uuid references submissions,
  purpose       text not null,
  text          text not null,
  text_version  text not null,
  language      text not null,
  given         boolean not null,
  state         text not null check (state in ('claimed','confirmed')),
  how           text not null check (how in ('form','preferences','staff','one-click','provider')),
  at            timestamptz not null,
  confirmed_at  timestamptz,
  unique (submission_id, purpose)
);
create index consents_address on consents (address_id, purpose, at);
create index consents_lead on consents (lead_id, at);

-- Visits: partitioned by month, no foreign key points here, always read with a time range.
create table visits (
  id            uuid not null,
  submission_id uuid not null,
  lead_id       uuid not null,
  at            timestamptz not null,
  page          text not null,
  referrer      text not null,
  utm_source    text not null,
  utm_medium    text not null,
  utm_campaign  text not null,
  utm_term      text not null,
  utm_content   text not null,
  channel       text not null,
  primary key (id, at),
  unique (submission_id, at)
) partition by range (at);
create table visits_default partition of visits default;
create index visits_lead on visits (lead_id, at);

-- Grants and what is sent.
create table grants (
  id          uuid primary key,
  address_id  uuid not null references lead_addresses,
  document_id uuid not null references documents,
  gate_id     uuid not null references gates,
  serial      integer not null check (serial > 0),
  expires_at  timestamptz not null,
  created_at  timestamptz not null,
  unique (address_id, document_id)
);
create index grants_document on grants (document_id);
create table messages (
  id                  uuid primary key,
  kind                text not null check (kind in ('requested','marketing','staff','confirmation')),
  template            text not null,
  submission_id       uuid references submissions,
  seq                 integer not null,
  lead_id             uuid references leads,
  address_id          uuid references lead_addresses,
  user_id             uuid references users,
  grant_id            uuid references grants,
  document_id         uuid references documents,
  gate_id             uuid references gates,
  state               text not null check (state in ('pending','held','sending','unknown','sent','ended')),
  reason              text not null,
  due_at              timestamptz not null,
  link_serial         integer not null,
  link_expires_at     timestamptz,
  transport           text not null,
  provider_message_id text not null,
  delivery            text not null check (delivery in ('','processed','deferred','delivered','opened','clicked','dropped','blocked','bounced','spamreport')),
  delivery_rank       smallint not null,
  delivery_at         timestamptz,
  tries               integer not null,
  second_send         boolean not null,
  data                jsonb not null,
  created_at          timestamptz not null,
  sent_at             timestamptz,
  state_at            timestamptz not null,
  unique (submission_id, kind, seq),
  check ((kind = 'staff') = (user_id is not null)),
  check (kind = 'staff' or address_id is not null)
);
create index messages_address on messages (address_id, created_at);
create index messages_open on messages (state, due_at) where state in ('pending','held','sending','unknown');
create index messages_created on messages (created_at desc, id desc);
create index messages_lead on messages (lead_id);
create table attempts (
  id                  uuid primary key,
  message_id          uuid not null references messages,
  number              integer not null check (number > 0),
  transport           text not null,
  worker              text not null,
  started_at          timestamptz not null,
  lease_until         timestamptz not null,
  finished_at         timestamptz,
  outcome             text not null check (outcome in ('open','accepted','rate_limited','unauthorised','refused','server_error','not_sent','unknown')),
  status              integer not null,
  provider_message_id text not null,
  reason              text not null,
  unique (message_id, number),
  check ((outcome = 'open') = (finished_at is null))
);
create unique index attempts_open on attempts (message_id) where outcome = 'open';
create table captured_mails (
  id           uuid primary key,
  message_id   uuid not null unique,
  recipient    text not null,
  subject      text not null,
  html         text not null,
  text         text not null,
  raw          bytea not null,
  unsubscribe  text not null,
  at           timestamptz not null
);
create index captured_mails_at on captured_mails (at desc, id desc);

-- One submission, what came of it.
create table outcomes (
  submission_id uuid primary key references submissions,
  lead_id       uuid not null references leads,
  address_id    uuid references lead_addresses,
  grant_id      uuid references grants,
  message_id    uuid references messages,
  joined        boolean not null,
  processed_at  timestamptz not null
);
create index outcomes_lead on outcomes (lead_id, processed_at);
create index outcomes_message on outcomes (message_id);

-- Never write to these: a keyed hash, so that it outlives erasure without telling who.
create table suppressions (
  address_key bytea not null,
  kind        text not null check (kind in ('hard_bounce','spam_report','never','unsubscribed')),
  reason      text not null,
  message_id  uuid,
  at          timestamptz not null,
  lifted_at   timestamptz,
  primary key (address_key, kind)
);

-- What came back: provider events, raw hits (both partitioned by month), downloads by people.
create table provider_events (
  event_id    text not null,
  at          timestamptz not null,
  received_at timestamptz not null,
  provider    text not null,
  type        text not null,
  message_id  uuid,
  machine     boolean not null,
  reason      text not null,
  raw         jsonb not null,
  primary key (event_id, at)
) partition by range (at);
create table provider_events_default partition of provider_events default;
create index provider_events_message on provider_events (message_id, at);
create table provider_state (
  provider      text primary key,
  last_event_at timestamptz,
  paused_until  timestamptz,
  paused_why    text not null
);
create table hits (
  id         uuid not null,
  at         timestamptz not null,
  grant_id   uuid not null,
  kind       text not null check (kind in ('view','head','read','download','file')),
  label      text not null check (label in ('human','likely','machine')),
  reason     text not null,
  block      text not null,
  user_agent text not null,
  primary key (id, at)
) partition by range (at);
create table hits_default partition of hits default;
create index hits_grant on hits (grant_id, at);
create table downloads (
  id                  uuid primary key,
  grant_id            uuid references grants,
  lead_id             uuid not null references leads,
  document_id         uuid not null references documents,
  document_version_id uuid not null references document_versions,
  gate_id             uuid not null references gates,
  kind                text not null check (kind in ('read','download')),
  at                  timestamptz not null,
  last_at             timestamptz not null,
  times               integer not null,
  unique (grant_id, document_version_id, kind)
);
create index downloads_at on downloads (at);
create index downloads_lead on downloads (lead_id, at);

-- What needs a person: raised by jobs, cleared by the cause going away or by staff.
create table alarms (
  id         uuid primary key,
  kind       text not null,
  object     text not null,
  sentence   text not null,
  raised_at  timestamptz not null,
  last_at    timestamptz not null,
  times      integer not null,
  told_at    timestamptz,
  cleared_at timestamptz
);
create unique index alarms_open on alarms (kind, object) where cleared_at is null;

-- Erased people, as facts without a person, so that a restored backup can be cleansed again.
create table erasures (
  id           uuid primary key,
  lead_id      uuid not null,
  address_keys jsonb not null,
  receipt      jsonb not null,
  at           timestamptz not null
);

-- +goose StatementBegin
-- Creates the monthly partitions of a parent for the months from p_from on. Rows that went to the default partition
-- meanwhile make the creation fail for that month only; they are still found through the parent.
create function ensure_months(p_parent text, p_from date, p_months integer) returns void language plpgsql as $$
declare
  m date := date_trunc('month', p_from)::date;
  n text;
begin
  for i in 1..p_months loop
    n := format('%s_%s', p_parent, to_char(m, 'YYYYMM'));
    if to_regclass(n) is null then
      begin
        execute format('create table %I partition of %I for values from (%L) to (%L)',
          n, p_parent, m::timestamp at time zone 'UTC', (m + interval '1 month')::timestamp at time zone 'UTC');
      exception when check_violation or duplicate_table then null;
      end;
    end if;
    m := (m + interval '1 month')::date;
  end loop;
end $$;
-- +goose StatementEnd

-- The queue's two GIN indexes serve searches in arguments and metadata, which nothing here makes; keeping them up costs as
-- much as the rest of inserting a job.
drop index if exists river_job_args_index;
drop index if exists river_job_metadata_index;

-- +goose Down
drop function ensure_months;
drop table erasures, alarms, downloads, hits, provider_state, provider_events, suppressions, outcomes, captured_mails, attempts, messages,
  grants, visits, consents, lead_values, lead_addresses, leads, company_domains, companies, once_keys, submission_payloads, submissions,
  gate_slugs, gate_versions, gates, document_versions, documents, audit_log, api_keys, login_attempts, sessions, user_tokens, users, file_store, schema_minimum, settings cascade;
