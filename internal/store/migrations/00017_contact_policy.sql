-- What the contact policy goes by, as data: who sent a mail, for which activities a reason is still to be given and who gave
-- it, and which ways of approaching somebody the legal basis of a lead by hand covers.

-- +goose Up
-- sender is of a mail that came in: whether the receiving server verified it. Until now a sentence in why said so.
alter table activities add column sender text not null default '' check (sender in ('','verified','unverified')),
  add column reason_asked_at timestamptz, add column reason_given_at timestamptz, add column reason_given_by uuid references users;
-- Null, as the program of the version before leaves it, covers nothing.
alter table lead_origins add column covers jsonb check (jsonb_typeof(covers) = 'array');
comment on column activities.sender is 'not personal';
comment on column activities.reason_asked_at is 'not personal';
comment on column activities.reason_given_at is 'not personal';
comment on column activities.reason_given_by is 'not personal';
comment on column lead_origins.covers is 'not personal';
-- Whatever asks for the leads that were merged into one, as the contact policy does, asks by this.
create index leads_merged_into on leads (merged_into) where merged_into is not null;
create index activities_reason_open on activities (user_id, reason_asked_at) where reason_asked_at is not null and reason_given_at is null;

update activities set sender = case when strpos(why, 'nobody verified the sender') > 0 then 'unverified' else 'verified' end where how in ('bcc','reply');
-- A reason that nobody was asked for was a fixed sentence. It was nobody's reason, so whoever sent the mail is asked now.
update activities set beyond_reason = '', reason_asked_at = recorded_at
  where how = 'bcc' and beyond_reason = 'None was given: the mail was sent from another program.';
update activities set reason_given_at = recorded_at, reason_given_by = user_id where beyond_reason <> '';

-- Nobody was asked which ways a basis covers. What was entered by consent or contract was meant for all of them, and narrower
-- would be our invention. A legitimate interest never covered mails; now it does not cover calls to somebody at home either.
update lead_origins set covers = '["call","mail","meeting","letter"]' where legal_basis in ('consent','contract');
update lead_origins o set covers = case when l.company <> '' or l.company_id is not null then '["call","meeting","letter"]'::jsonb else '["meeting","letter"]'::jsonb end
  from leads l where l.id = o.lead_id and o.legal_basis = 'legitimate-interest';

-- +goose Down
alter table lead_origins drop column covers;
drop index activities_reason_open;
drop index leads_merged_into;
alter table activities drop column sender, drop column reason_asked_at, drop column reason_given_at, drop column reason_given_by;
