-- The pipeline: deals and where they stand; the plan (strategy) and the activities (tactics); leads by hand, merged leads.

-- +goose Up
create table stages (
  key         text primary key check (key ~ '^[a-z][a-z0-9-]{0,39}$'),
  title       text not null check (title <> ''),
  kind        text not null check (kind in ('open','won','lost')),
  position    integer not null,
  next        jsonb not null,
  required    jsonb not null,
  probability smallint not null check (probability between 0 and 100),
  archived_at timestamptz
);
insert into stages values
  ('discovery', 'First talk',  'open', 1, '["proposal","lost","won"]', '[]', 20, null),
  ('proposal',  'Proposal',    'open', 2, '["discovery","negotiation","lost","won"]', '["value"]', 50, null),
  ('negotiation','Agreement',  'open', 3, '["proposal","lost","won"]', '["value","expected_on"]', 80, null),
  ('won',       'Won',         'won',  4, '["negotiation"]', '["value","reason"]', 100, null),
  ('lost',      'Lost',        'lost', 5, '["discovery"]', '["reason"]', 0, null);
create table pipeline_reasons (
  kind        text not null check (kind in ('return','decline','won','lost')),
  key         text not null check (key ~ '^[a-z][a-z0-9-]{0,39}$'),
  title       text not null check (title <> ''),
  position    integer not null,
  archived_at timestamptz,
  primary key (kind, key)
);
insert into pipeline_reasons values
  ('return', 'not-a-buyer', 'Does not decide and knows nobody who does', 1, null),
  ('return', 'no-need', 'Has no need for what we sell', 2, null),
  ('return', 'too-small', 'Too small for us', 3, null),
  ('return', 'unreachable', 'Cannot be reached', 4, null),
  ('return', 'not-now', 'Not now: ask again later', 5, null),
  ('return', 'student-or-competitor', 'A student, a competitor or an agency', 6, null),
  ('return', 'wrong-data', 'What was typed is not true', 7, null),
  ('decline', 'no-time', 'I have no time for this one', 1, null),
  ('decline', 'conflict', 'I should not be the one', 2, null),
  ('decline', 'wrong-field', 'Not my field', 3, null),
  ('won', 'plan', 'The plan worked as it was made', 1, null),
  ('won', 'trust', 'They trusted the person', 2, null),
  ('won', 'price', 'Price', 3, null),
  ('won', 'fit', 'It fitted better than anything else', 4, null),
  ('lost', 'no-decision', 'Nobody decided', 1, null),
  ('lost', 'competitor', 'Chose somebody else', 2, null),
  ('lost', 'price', 'Price', 3, null),
  ('lost', 'timing', 'Wrong time', 4, null),
  ('lost', 'no-fit', 'It did not fit', 5, null);

create table deals (
  id             uuid primary key,
  lead_id        uuid not null references leads,
  company_id     uuid references companies,
  assignment_id  uuid not null unique references assignments,
  owner_id       uuid not null references users,
  title          text not null,
  stage          text not null references stages,
  state          text not null check (state in ('open','won','lost')),
  value          bigint check (value >= 0),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  expected_on    date,
  reason         text not null,
  reason_note    text not null,
  position       double precision not null,
  opened_at      timestamptz not null,
  stage_at       timestamptz not null,
  closed_at      timestamptz,
  version        bigint not null,
  updated_at     timestamptz not null,
  check ((state = 'open') = (closed_at is null))
);
create index deals_board on deals (stage, position, id) where state = 'open';
create index deals_owner on deals (owner_id, state);
create index deals_lead on deals (lead_id);
create index deals_closed on deals (closed_at) where closed_at is not null;
create table deal_changes (
  id         uuid primary key,
  deal_id    uuid not null references deals,
  at         timestamptz not null,
  by_id      uuid references users,
  how        text not null check (how in ('staff','crm','system')),
  from_stage text not null,
  to_stage   text not null,
  fields     jsonb not null,
  version    bigint not null
);
create index deal_changes_deal on deal_changes (deal_id, at);
create index deal_changes_at on deal_changes (at);

create table plan_templates (
  id          uuid primary key,
  name        text not null check (name <> ''),
  condition   text not null,
  position    integer not null,
  steps       jsonb not null,
  archived_at timestamptz,
  version     bigint not null,
  updated_at  timestamptz not null
);
create table plans (
  id            uuid primary key,
  lead_id       uuid not null references leads,
  assignment_id uuid not null unique references assignments,
  template_id   uuid references plan_templates,
  name          text not null,
  left_out      jsonb not null,
  created_at    timestamptz not null,
  version       bigint not null
);
create index plans_lead on plans (lead_id);
create table activities (
  id             uuid primary key,
  lead_id        uuid not null references leads,
  assignment_id  uuid references assignments,
  deal_id        uuid references deals,
  user_id        uuid references users,
  kind           text not null check (kind in ('call','mail','meeting','note','letter')),
  direction      text not null check (direction in ('out','in','none')),
  text           text not null,
  how            text not null check (how in ('typed','bcc','reply','calendar','step','crm')),
  source_key     text unique,
  why            text not null,
  beyond         text not null,
  beyond_reason  text not null,
  at             timestamptz not null,
  recorded_at    timestamptz not null,
  taken_back_at  timestamptz
);
create index activities_lead on activities (lead_id, at desc);
create index activities_user on activities (user_id, at desc);
create table steps (
  id          uuid primary key,
  plan_id     uuid not null references plans,
  lead_id     uuid not null references leads,
  owner_id    uuid not null references users,
  number      integer not null,
  channel     text not null check (channel in ('call','mail','meeting','letter','other')),
  title       text not null,
  due_at      timestamptz not null,
  done_at     timestamptz,
  done_by     uuid references users,
  skipped_at  timestamptz,
  activity_id uuid references activities,
  version     bigint not null
);
create index steps_due on steps (owner_id, due_at) where done_at is null and skipped_at is null;
create index steps_plan on steps (plan_id, number);
create index steps_lead on steps (lead_id);

-- "Do not approach": beyond what the reader chose, what staff decided, with the reason.
create table approach_blocks (
  id        uuid primary key,
  lead_id   uuid not null references leads,
  channel   text not null check (channel in ('all','call','mail')),
  reason    text not null,
  by_id     uuid references users,
  at        timestamptz not null,
  lifted_at timestamptz
);
create index approach_blocks_lead on approach_blocks (lead_id) where lifted_at is null;

create table lead_origins (
  lead_id     uuid primary key references leads,
  kind        text not null check (kind in ('phone','fair','referral','other')),
  legal_basis text not null check (legal_basis in ('consent','contract','legitimate-interest')),
  note        text not null,
  by_id       uuid references users,
  at          timestamptz not null
);
create table lead_merges (
  id        uuid primary key,
  from_id   uuid not null references leads,
  into_id   uuid not null references leads,
  moved     jsonb not null,
  by_id     uuid references users,
  at        timestamptz not null,
  undone_at timestamptz,
  undone_by uuid references users
);
create index lead_merges_into on lead_merges (into_id);
create index lead_merges_from on lead_merges (from_id);
alter table leads add column merged_into uuid references leads;
alter table leads drop constraint leads_state_check;
alter table leads add constraint leads_state_check check (state in ('active','erased','merged'));
alter table leads add constraint leads_merged check ((state = 'merged') = (merged_into is not null) or state = 'erased');

create table saved_views (
  id         uuid primary key,
  user_id    uuid not null references users on delete cascade,
  page       text not null,
  name       text not null check (name <> ''),
  query      text not null,
  created_at timestamptz not null,
  unique (user_id, page, name)
);

comment on column stages.key is 'not personal';
comment on column stages.title is 'not personal';
comment on column stages.kind is 'not personal';
comment on column stages.position is 'not personal';
comment on column stages.next is 'not personal';
comment on column stages.required is 'not personal';
comment on column stages.probability is 'not personal';
comment on column stages.archived_at is 'not personal';
comment on column pipeline_reasons.kind is 'not personal';
comment on column pipeline_reasons.key is 'not personal';
comment on column pipeline_reasons.title is 'not personal';
comment on column pipeline_reasons.position is 'not personal';
comment on column pipeline_reasons.archived_at is 'not personal';
comment on column deals.id is 'not personal';
comment on column deals.lead_id is 'not personal';
comment on column deals.company_id is 'not personal';
comment on column deals.assignment_id is 'not personal';
comment on column deals.owner_id is 'not personal';
comment on column deals.title is 'personal';
comment on column deals.stage is 'not personal';
comment on column deals.state is 'not personal';
comment on column deals.value is 'not personal';
comment on column deals.currency is 'not personal';
comment on column deals.expected_on is 'not personal';
comment on column deals.reason is 'not personal';
comment on column deals.reason_note is 'personal';
comment on column deals.position is 'not personal';
comment on column deals.opened_at is 'not personal';
comment on column deals.stage_at is 'not personal';
comment on column deals.closed_at is 'not personal';
comment on column deals.version is 'not personal';
comment on column deals.updated_at is 'not personal';
comment on column deal_changes.id is 'not personal';
comment on column deal_changes.deal_id is 'not personal';
comment on column deal_changes.at is 'not personal';
comment on column deal_changes.by_id is 'not personal';
comment on column deal_changes.how is 'not personal';
comment on column deal_changes.from_stage is 'not personal';
comment on column deal_changes.to_stage is 'not personal';
comment on column deal_changes.fields is 'personal';
comment on column deal_changes.version is 'not personal';
comment on column plan_templates.id is 'not personal';
comment on column plan_templates.name is 'not personal';
comment on column plan_templates.condition is 'not personal';
comment on column plan_templates.position is 'not personal';
comment on column plan_templates.steps is 'not personal';
comment on column plan_templates.archived_at is 'not personal';
comment on column plan_templates.version is 'not personal';
comment on column plan_templates.updated_at is 'not personal';
comment on column plans.id is 'not personal';
comment on column plans.lead_id is 'not personal';
comment on column plans.assignment_id is 'not personal';
comment on column plans.template_id is 'not personal';
comment on column plans.name is 'not personal';
comment on column plans.left_out is 'not personal';
comment on column plans.created_at is 'not personal';
comment on column plans.version is 'not personal';
comment on column activities.id is 'not personal';
comment on column activities.lead_id is 'not personal';
comment on column activities.assignment_id is 'not personal';
comment on column activities.deal_id is 'not personal';
comment on column activities.user_id is 'not personal';
comment on column activities.kind is 'not personal';
comment on column activities.direction is 'not personal';
comment on column activities.text is 'personal';
comment on column activities.how is 'not personal';
comment on column activities.source_key is 'personal';
comment on column activities.why is 'not personal';
comment on column activities.beyond is 'not personal';
comment on column activities.beyond_reason is 'personal';
comment on column activities.at is 'not personal';
comment on column activities.recorded_at is 'not personal';
comment on column activities.taken_back_at is 'not personal';
comment on column steps.id is 'not personal';
comment on column steps.plan_id is 'not personal';
comment on column steps.lead_id is 'not personal';
comment on column steps.owner_id is 'not personal';
comment on column steps.number is 'not personal';
comment on column steps.channel is 'not personal';
comment on column steps.title is 'personal';
comment on column steps.due_at is 'not personal';
comment on column steps.done_at is 'not personal';
comment on column steps.done_by is 'not personal';
comment on column steps.skipped_at is 'not personal';
comment on column steps.activity_id is 'not personal';
comment on column steps.version is 'not personal';
comment on column approach_blocks.id is 'not personal';
comment on column approach_blocks.lead_id is 'not personal';
comment on column approach_blocks.channel is 'not personal';
comment on column approach_blocks.reason is 'personal';
comment on column approach_blocks.by_id is 'not personal';
comment on column approach_blocks.at is 'not personal';
comment on column approach_blocks.lifted_at is 'not personal';
comment on column lead_origins.lead_id is 'not personal';
comment on column lead_origins.kind is 'not personal';
comment on column lead_origins.legal_basis is 'not personal';
comment on column lead_origins.note is 'personal';
comment on column lead_origins.by_id is 'not personal';
comment on column lead_origins.at is 'not personal';
comment on column lead_merges.id is 'not personal';
comment on column lead_merges.from_id is 'not personal';
comment on column lead_merges.into_id is 'not personal';
comment on column lead_merges.moved is 'personal';
comment on column lead_merges.by_id is 'not personal';
comment on column lead_merges.at is 'not personal';
comment on column lead_merges.undone_at is 'not personal';
comment on column lead_merges.undone_by is 'not personal';
comment on column leads.merged_into is 'not personal';
comment on column saved_views.id is 'not personal';
comment on column saved_views.user_id is 'not personal';
comment on column saved_views.page is 'not personal';
comment on column saved_views.name is 'not personal';
comment on column saved_views.query is 'personal';
comment on column saved_views.created_at is 'not personal';

-- +goose Down
drop table saved_views, lead_merges, lead_origins, approach_blocks, steps, activities, plans, plan_templates, deal_changes, deals, pipeline_reasons, stages;
alter table leads drop constraint leads_merged;
alter table leads drop column merged_into;
alter table leads drop constraint leads_state_check;
alter table leads add constraint leads_state_check check (state in ('active','erased'));
