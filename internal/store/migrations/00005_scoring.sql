-- Scoring: rules as data, with versions; each lead's score as the sum of its lines; rehearsals and rescoring as durable work.
-- Routing rules are versioned in the same table.

-- +goose Up
create table rule_sets (
  id           uuid primary key,
  kind         text not null check (kind in ('scoring','routing')),
  number       integer not null check (number > 0),
  state        text not null check (state in ('draft','published','retired')),
  definition   jsonb not null,
  note         text not null,
  based_on_id  uuid references rule_sets,
  created_by   uuid references users,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  published_by uuid references users,
  published_at timestamptz,
  retired_at   timestamptz,
  version      bigint not null,
  unique (kind, number),
  check ((state = 'draft') = (published_at is null)),
  check ((state = 'retired') = (retired_at is not null))
);
create unique index rule_sets_draft on rule_sets (kind) where state = 'draft';
create unique index rule_sets_published on rule_sets (kind) where state = 'published';

-- One row a lead that was scored. Points are hundredths of a point, as the lines hold them; engagement is what it was at
-- scored_at, since it decays: the lines say what it is at any other time.
create table scores (
  lead_id      uuid primary key references leads,
  rule_set_id  uuid not null references rule_sets,
  fit          integer not null,
  engagement   integer not null,
  grade        text not null check (grade ~ '^[ABC][123]$'),
  qualified_at timestamptz,
  why          text not null,
  scored_at    timestamptz not null
);
create index scores_qualified on scores (qualified_at) where qualified_at is not null;
create index scores_melting on scores (scored_at) where engagement > 0;
create table score_lines (
  lead_id     uuid not null references leads,
  number      integer not null,
  rule_set_id uuid not null references rule_sets,
  side        text not null check (side in ('fit','engagement')),
  group_key   text not null,
  rule_key    text not null,
  title       text not null,
  points      integer not null,
  decay_days  integer not null check (decay_days >= 0),
  at          timestamptz not null,
  event_kind  text not null,
  event_id    uuid,
  primary key (lead_id, number),
  check (side = 'engagement' or decay_days = 0)
);
-- What a score was when its grade or its qualification changed, for the timeline and for the score on trial.
create table score_changes (
  id           uuid primary key,
  lead_id      uuid not null references leads,
  rule_set_id  uuid not null references rule_sets,
  fit          integer not null,
  engagement   integer not null,
  grade        text not null,
  qualified    boolean not null,
  at           timestamptz not null
);
create index score_changes_lead on score_changes (lead_id, at);

create table rehearsals (
  id           uuid primary key,
  rule_set_id  uuid not null references rule_sets,
  version      bigint not null,
  definition   jsonb not null,
  days         integer not null check (days > 0),
  state        text not null check (state in ('running','done','cancelled')),
  after_id     uuid,
  done         integer not null,
  total        integer not null,
  result       jsonb not null,
  started_by   uuid references users,
  created_at   timestamptz not null,
  state_at     timestamptz not null
);
create table rehearsal_leads (
  rehearsal_id     uuid not null references rehearsals on delete cascade,
  lead_id          uuid not null references leads,
  before_points    integer not null,
  after_points     integer not null,
  before_qualified boolean not null,
  after_qualified  boolean not null,
  before_at        timestamptz,
  after_at         timestamptz,
  before_owner_id  uuid references users,
  after_owner_id   uuid references users,
  primary key (rehearsal_id, lead_id)
);
create table rescores (
  id          uuid primary key,
  rule_set_id uuid not null references rule_sets,
  state       text not null check (state in ('running','done','cancelled')),
  after_id    uuid,
  done        integer not null,
  total       integer not null,
  started_by  uuid references users,
  created_at  timestamptz not null,
  state_at    timestamptz not null
);
create unique index rescores_running on rescores (rule_set_id) where state = 'running';

comment on column rule_sets.id is 'not personal';
comment on column rule_sets.kind is 'not personal';
comment on column rule_sets.number is 'not personal';
comment on column rule_sets.state is 'not personal';
comment on column rule_sets.definition is 'not personal';
comment on column rule_sets.note is 'not personal';
comment on column rule_sets.based_on_id is 'not personal';
comment on column rule_sets.created_by is 'not personal';
comment on column rule_sets.created_at is 'not personal';
comment on column rule_sets.updated_at is 'not personal';
comment on column rule_sets.published_by is 'not personal';
comment on column rule_sets.published_at is 'not personal';
comment on column rule_sets.retired_at is 'not personal';
comment on column rule_sets.version is 'not personal';
comment on column scores.lead_id is 'not personal';
comment on column scores.rule_set_id is 'not personal';
comment on column scores.fit is 'not personal';
comment on column scores.engagement is 'not personal';
comment on column scores.grade is 'not personal';
comment on column scores.qualified_at is 'not personal';
comment on column scores.why is 'not personal';
comment on column scores.scored_at is 'not personal';
comment on column score_lines.lead_id is 'not personal';
comment on column score_lines.number is 'not personal';
comment on column score_lines.rule_set_id is 'not personal';
comment on column score_lines.side is 'not personal';
comment on column score_lines.group_key is 'not personal';
comment on column score_lines.rule_key is 'not personal';
comment on column score_lines.title is 'not personal';
comment on column score_lines.points is 'not personal';
comment on column score_lines.decay_days is 'not personal';
comment on column score_lines.at is 'not personal';
comment on column score_lines.event_kind is 'not personal';
comment on column score_lines.event_id is 'not personal';
comment on column score_changes.id is 'not personal';
comment on column score_changes.lead_id is 'not personal';
comment on column score_changes.rule_set_id is 'not personal';
comment on column score_changes.fit is 'not personal';
comment on column score_changes.engagement is 'not personal';
comment on column score_changes.grade is 'not personal';
comment on column score_changes.qualified is 'not personal';
comment on column score_changes.at is 'not personal';
comment on column rehearsals.id is 'not personal';
comment on column rehearsals.rule_set_id is 'not personal';
comment on column rehearsals.version is 'not personal';
comment on column rehearsals.definition is 'not personal';
comment on column rehearsals.after_id is 'not personal';
comment on column rehearsals.days is 'not personal';
comment on column rehearsals.state is 'not personal';
comment on column rehearsals.done is 'not personal';
comment on column rehearsals.total is 'not personal';
comment on column rehearsals.result is 'not personal';
comment on column rehearsals.started_by is 'not personal';
comment on column rehearsals.created_at is 'not personal';
comment on column rehearsals.state_at is 'not personal';
comment on column rehearsal_leads.rehearsal_id is 'not personal';
comment on column rehearsal_leads.lead_id is 'not personal';
comment on column rehearsal_leads.before_points is 'not personal';
comment on column rehearsal_leads.after_points is 'not personal';
comment on column rehearsal_leads.before_qualified is 'not personal';
comment on column rehearsal_leads.after_qualified is 'not personal';
comment on column rehearsal_leads.before_at is 'not personal';
comment on column rehearsal_leads.after_at is 'not personal';
comment on column rehearsal_leads.before_owner_id is 'not personal';
comment on column rehearsal_leads.after_owner_id is 'not personal';
comment on column rescores.id is 'not personal';
comment on column rescores.rule_set_id is 'not personal';
comment on column rescores.state is 'not personal';
comment on column rescores.after_id is 'not personal';
comment on column rescores.done is 'not personal';
comment on column rescores.total is 'not personal';
comment on column rescores.started_by is 'not personal';
comment on column rescores.created_at is 'not personal';
comment on column rescores.state_at is 'not personal';

-- +goose Down
drop table rescores, rehearsal_leads, rehearsals, score_changes, score_lines, scores, rule_sets;
