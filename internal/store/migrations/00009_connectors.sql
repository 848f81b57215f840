-- Connectors: other people's systems, what goes out to them and what comes back.

-- +goose Up
-- What happened that others may want to know, written in the transaction in which it happened.
create table outbox (
  id            uuid primary key,
  type          text not null,
  lead_id       uuid not null references leads,
  submission_id uuid references submissions,
  assignment_id uuid references assignments,
  deal_id       uuid references deals,
  detail        jsonb not null,
  origin        text not null,
  at            timestamptz not null,
  spread_at     timestamptz
);
create index outbox_waiting on outbox (id) where spread_at is null;
create index outbox_lead on outbox (lead_id, at);

create table connectors (
  id             uuid primary key,
  kind           text not null,
  name           text not null check (name <> ''),
  state          text not null check (state in ('on','held','off')),
  settings       jsonb not null,
  secrets        bytea not null,
  mapping        jsonb not null,
  alert_user_id  uuid references users,
  failures       integer not null,
  broken_at      timestamptz,
  broken_why     text not null,
  probe_at       timestamptz,
  wait_until     timestamptz,
  pushed_at      timestamptz,
  cursor         text not null,
  pulled_at      timestamptz,
  pull_due_at    timestamptz,
  version        bigint not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);
create unique index connectors_name on connectors (lower(name));

create table pushes (
  id           uuid primary key,
  connector_id uuid not null references connectors,
  object_kind  text not null,
  object_id    uuid not null,
  revision     uuid not null,
  type         text not null,
  lead_id      uuid not null references leads,
  state        text not null check (state in ('waiting','held','sending','done','refused','dropped','superseded')),
  reason       text not null,
  payload      jsonb not null,
  remote_id    text not null,
  due_at       timestamptz not null,
  tries        integer not null,
  created_at   timestamptz not null,
  state_at     timestamptz not null,
  unique (connector_id, object_kind, object_id, revision)
);
create index pushes_due on pushes (connector_id, due_at, id) where state in ('waiting','sending');
create unique index pushes_sending on pushes (connector_id, lead_id) where state = 'sending'; -- one conversation about a person at a time
create index pushes_waiting on pushes (connector_id, object_kind, object_id) where state in ('waiting','held');
create index pushes_lead on pushes (lead_id, created_at);
create index pushes_created on pushes (created_at desc, id desc);
create table push_attempts (
  id          uuid primary key,
  push_id     uuid not null references pushes,
  number      integer not null,
  worker      text not null,
  started_at  timestamptz not null,
  lease_until timestamptz not null,
  finished_at timestamptz,
  outcome     text not null check (outcome in ('open','done','retry','rate_limited','unauthorised','misconfigured','refused','unknown')),
  status      integer not null,
  request     text not null,
  answer      text not null,
  unique (push_id, number),
  check ((outcome = 'open') = (finished_at is null))
);
create unique index push_attempts_open on push_attempts (push_id) where outcome = 'open';

-- One remote object for one of ours, whatever happens.
create table remote_objects (
  connector_id uuid not null references connectors,
  object_kind  text not null,
  object_id    uuid not null,
  remote_kind  text not null,
  remote_id    text not null,
  sent         jsonb not null,
  seen         jsonb not null,
  gone_at      timestamptz,
  at           timestamptz not null,
  primary key (connector_id, object_kind, object_id)
);
create index remote_objects_object on remote_objects (object_id);
create unique index remote_objects_remote on remote_objects (connector_id, remote_kind, remote_id);
create table remote_users (
  connector_id uuid not null references connectors,
  remote_id    text not null,
  name         text not null,
  email        text not null,
  user_id      uuid references users,
  at           timestamptz not null,
  primary key (connector_id, remote_id)
);
create index remote_users_user on remote_users (connector_id, user_id);
-- What came back, each once.
create table pulls (
  id           uuid primary key,
  connector_id uuid not null references connectors,
  event_key    text not null,
  how          text not null check (how in ('webhook','poll')),
  type         text not null,
  object_kind  text not null,
  object_id    uuid,
  body         jsonb not null,
  outcome      text not null check (outcome in ('waiting','applied','echo','unknown','refused')),
  reason       text not null,
  at           timestamptz not null,
  applied_at   timestamptz,
  unique (connector_id, event_key)
);
create index pulls_waiting on pulls (connector_id, id) where outcome = 'waiting';
create index pulls_object on pulls (object_id, at);

comment on column outbox.id is 'not personal';
comment on column outbox.type is 'not personal';
comment on column outbox.lead_id is 'not personal';
comment on column outbox.submission_id is 'not personal';
comment on column outbox.assignment_id is 'not personal';
comment on column outbox.deal_id is 'not personal';
comment on column outbox.detail is 'not personal';
comment on column outbox.origin is 'not personal';
comment on column outbox.at is 'not personal';
comment on column outbox.spread_at is 'not personal';
comment on column connectors.id is 'not personal';
comment on column connectors.kind is 'not personal';
comment on column connectors.name is 'not personal';
comment on column connectors.state is 'not personal';
comment on column connectors.settings is 'not personal';
comment on column connectors.secrets is 'not personal';
comment on column connectors.mapping is 'not personal';
comment on column connectors.alert_user_id is 'not personal';
comment on column connectors.failures is 'not personal';
comment on column connectors.broken_at is 'not personal';
comment on column connectors.broken_why is 'not personal';
comment on column connectors.probe_at is 'not personal';
comment on column connectors.wait_until is 'not personal';
comment on column connectors.pushed_at is 'not personal';
comment on column connectors.cursor is 'not personal';
comment on column connectors.pulled_at is 'not personal';
comment on column connectors.pull_due_at is 'not personal';
comment on column connectors.version is 'not personal';
comment on column connectors.created_at is 'not personal';
comment on column connectors.updated_at is 'not personal';
comment on column pushes.id is 'not personal';
comment on column pushes.connector_id is 'not personal';
comment on column pushes.object_kind is 'not personal';
comment on column pushes.object_id is 'not personal';
comment on column pushes.revision is 'not personal';
comment on column pushes.type is 'not personal';
comment on column pushes.lead_id is 'not personal';
comment on column pushes.state is 'not personal';
comment on column pushes.reason is 'not personal';
comment on column pushes.payload is 'personal';
comment on column pushes.remote_id is 'not personal';
comment on column pushes.due_at is 'not personal';
comment on column pushes.tries is 'not personal';
comment on column pushes.created_at is 'not personal';
comment on column pushes.state_at is 'not personal';
comment on column push_attempts.id is 'not personal';
comment on column push_attempts.push_id is 'not personal';
comment on column push_attempts.number is 'not personal';
comment on column push_attempts.worker is 'not personal';
comment on column push_attempts.started_at is 'not personal';
comment on column push_attempts.lease_until is 'not personal';
comment on column push_attempts.finished_at is 'not personal';
comment on column push_attempts.outcome is 'not personal';
comment on column push_attempts.status is 'not personal';
comment on column push_attempts.request is 'personal';
comment on column push_attempts.answer is 'personal';
comment on column remote_objects.connector_id is 'not personal';
comment on column remote_objects.object_kind is 'not personal';
comment on column remote_objects.object_id is 'not personal';
comment on column remote_objects.remote_kind is 'not personal';
comment on column remote_objects.remote_id is 'personal';
comment on column remote_objects.sent is 'personal';
comment on column remote_objects.seen is 'personal';
comment on column remote_objects.gone_at is 'not personal';
comment on column remote_objects.at is 'not personal';
comment on column remote_users.connector_id is 'not personal';
comment on column remote_users.remote_id is 'not personal';
comment on column remote_users.name is 'personal';
comment on column remote_users.email is 'personal';
comment on column remote_users.user_id is 'not personal';
comment on column remote_users.at is 'not personal';
comment on column pulls.id is 'not personal';
comment on column pulls.connector_id is 'not personal';
comment on column pulls.event_key is 'not personal';
comment on column pulls.how is 'not personal';
comment on column pulls.type is 'not personal';
comment on column pulls.object_kind is 'not personal';
comment on column pulls.object_id is 'not personal';
comment on column pulls.body is 'personal';
comment on column pulls.outcome is 'not personal';
comment on column pulls.reason is 'not personal';
comment on column pulls.at is 'not personal';
comment on column pulls.applied_at is 'not personal';

-- +goose Down
drop table pulls, remote_users, remote_objects, push_attempts, pushes, connectors, outbox;
