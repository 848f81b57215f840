-- Routing: who sells, in which team and when they work; one qualified lead in one owner's hands, with the reason and the clock.

-- +goose Up
-- What staff decide for sales; one row.
create table sales_settings (
  id                 smallint primary key default 1 check (id = 1),
  visibility         text not null check (visibility in ('all','team','own')),
  person_figures     boolean not null,
  rotation_period    text not null check (rotation_period in ('week','month','quarter')),
  warn_minutes       integer not null check (warn_minutes >= 0),
  escalate_minutes   integer not null check (escalate_minutes >= 0),
  reassign_minutes   integer not null check (reassign_minutes >= 0),
  fallback_user_id   uuid references users,
  manager_user_id    uuid references users,
  digest_over        integer not null check (digest_over > 0),
  touches_per_week   integer not null check (touches_per_week > 0),
  quiet_from         smallint not null check (quiet_from between 0 and 1439),
  quiet_until        smallint not null check (quiet_until between 0 and 1439),
  inbound_domain     text not null,
  version            bigint not null,
  updated_at         timestamptz not null
);
insert into sales_settings values (1, 'all', false, 'month', 120, 240, 0, null, null, 4, 3, 1140, 480, '', 1, now());

create table user_profiles (
  user_id        uuid primary key references users on delete cascade,
  job_title      text not null,
  tel            text not null,
  booking_url    text not null,
  photo_key      text not null,
  time_zone      text not null,
  hours          jsonb not null,
  holiday_region text not null,
  leaves_at      timestamptz,
  heir_id        uuid references users,
  left_at        timestamptz,
  version        bigint not null,
  updated_at     timestamptz not null
);
create table teams (
  id          uuid primary key,
  name        text not null check (name <> ''),
  archived_at timestamptz,
  manager_id  uuid references users,
  version     bigint not null,
  created_at  timestamptz not null
);
create unique index teams_name on teams (lower(name)) where archived_at is null;
create table team_members (
  team_id        uuid not null references teams,
  user_id        uuid not null references users,
  weight         integer not null check (weight > 0),
  daily_capacity integer not null check (daily_capacity >= 0),
  joined_at      timestamptz not null,
  primary key (team_id, user_id)
);
-- Where a member stands in the rotation of a period: turns that the rotation gave (a lead that was taken away by hand or
-- by hand-over gives its turn back), and the credit in thousandths of a turn that lets newcomers and returners start at
-- their team's average.
create table rotation_places (
  team_id   uuid not null references teams,
  user_id   uuid not null references users,
  period    date not null,
  turns     integer not null check (turns >= 0),
  last_at   timestamptz,
  credit    integer not null,
  credit_at timestamptz,
  why       text not null,
  primary key (team_id, user_id, period)
);
create table absences (
  id         uuid primary key,
  user_id    uuid not null references users,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  deputy_id  uuid references users,
  note       text not null,
  created_by uuid references users,
  created_at timestamptz not null,
  check (ends_at > starts_at),
  check (deputy_id is null or deputy_id <> user_id)
);
create index absences_user on absences (user_id, ends_at);
-- Public holidays that staff added to, or took from, those that are known of a region.
create table holidays (
  region text not null,
  day    date not null,
  name   text not null,
  works  boolean not null,
  primary key (region, day)
);

alter table leads add column owner_id uuid references users;
create index leads_owner on leads (owner_id, last_at desc, id desc) where owner_id is not null;

create table assignments (
  id                   uuid primary key,
  lead_id              uuid not null references leads,
  owner_id             uuid not null references users,
  team_id              uuid references teams,
  rule_set_id          uuid references rule_sets,
  rule_key             text not null,
  how                  text not null check (how in ('rule','fallback','reassigned','declined','escalated','hand-over','deputy','by-hand','crm','merge')),
  reason               text not null,
  reason_data          jsonb not null,
  state                text not null check (state in ('open','accepted','returned','declined','reassigned','closed')),
  previous_id          uuid references assignments,
  period               date not null,
  at                   timestamptz not null,
  clock_from           timestamptz not null,
  warn_at              timestamptz,
  escalate_at          timestamptz,
  reassign_at          timestamptz,
  warned_at            timestamptz,
  escalated_at         timestamptz,
  first_response_at    timestamptz,
  first_response_by    uuid references users,
  first_response_kind  text not null,
  response_seconds     integer,
  accepted_at          timestamptz,
  closed_at            timestamptz,
  close_reason         text not null,
  close_note           text not null,
  closed_by            uuid references users,
  alert_message_id     uuid references messages,
  version              bigint not null,
  check ((state in ('open','accepted')) = (closed_at is null))
);
-- One pair of hands for a lead: until it is returned, declined, reassigned, or its deal is closed.
create unique index assignments_one on assignments (lead_id) where state in ('open','accepted');
create index assignments_owner on assignments (owner_id, at desc) where state in ('open','accepted');
create index assignments_day on assignments (owner_id, at);
create index assignments_rotation on assignments (team_id, period, owner_id) where team_id is not null;
create index assignments_lead on assignments (lead_id, at);
create index assignments_clock on assignments (warn_at, escalate_at, reassign_at) where state in ('open','accepted') and first_response_at is null;
create index assignments_alert on assignments (alert_message_id);
create index messages_staff on messages (user_id, created_at) where kind = 'staff';
create index assignments_at on assignments (at desc, id desc);

comment on column sales_settings.id is 'not personal';
comment on column sales_settings.visibility is 'not personal';
comment on column sales_settings.person_figures is 'not personal';
comment on column sales_settings.rotation_period is 'not personal';
comment on column sales_settings.warn_minutes is 'not personal';
comment on column sales_settings.escalate_minutes is 'not personal';
comment on column sales_settings.reassign_minutes is 'not personal';
comment on column sales_settings.fallback_user_id is 'not personal';
comment on column sales_settings.manager_user_id is 'not personal';
comment on column sales_settings.digest_over is 'not personal';
comment on column sales_settings.touches_per_week is 'not personal';
comment on column sales_settings.quiet_from is 'not personal';
comment on column sales_settings.quiet_until is 'not personal';
comment on column sales_settings.inbound_domain is 'not personal';
comment on column sales_settings.version is 'not personal';
comment on column sales_settings.updated_at is 'not personal';
comment on column user_profiles.user_id is 'not personal';
comment on column user_profiles.job_title is 'not personal';
comment on column user_profiles.tel is 'not personal';
comment on column user_profiles.booking_url is 'not personal';
comment on column user_profiles.photo_key is 'not personal';
comment on column user_profiles.time_zone is 'not personal';
comment on column user_profiles.hours is 'not personal';
comment on column user_profiles.holiday_region is 'not personal';
comment on column user_profiles.leaves_at is 'not personal';
comment on column user_profiles.heir_id is 'not personal';
comment on column user_profiles.left_at is 'not personal';
comment on column user_profiles.version is 'not personal';
comment on column user_profiles.updated_at is 'not personal';
comment on column teams.id is 'not personal';
comment on column teams.name is 'not personal';
comment on column teams.archived_at is 'not personal';
comment on column teams.manager_id is 'not personal';
comment on column teams.version is 'not personal';
comment on column teams.created_at is 'not personal';
comment on column team_members.team_id is 'not personal';
comment on column team_members.user_id is 'not personal';
comment on column team_members.weight is 'not personal';
comment on column team_members.daily_capacity is 'not personal';
comment on column team_members.joined_at is 'not personal';
comment on column rotation_places.team_id is 'not personal';
comment on column rotation_places.user_id is 'not personal';
comment on column rotation_places.period is 'not personal';
comment on column rotation_places.turns is 'not personal';
comment on column rotation_places.last_at is 'not personal';
comment on column rotation_places.credit is 'not personal';
comment on column rotation_places.credit_at is 'not personal';
comment on column rotation_places.why is 'not personal';
comment on column absences.id is 'not personal';
comment on column absences.user_id is 'not personal';
comment on column absences.starts_at is 'not personal';
comment on column absences.ends_at is 'not personal';
comment on column absences.deputy_id is 'not personal';
comment on column absences.note is 'not personal';
comment on column absences.created_by is 'not personal';
comment on column absences.created_at is 'not personal';
comment on column holidays.region is 'not personal';
comment on column holidays.day is 'not personal';
comment on column holidays.name is 'not personal';
comment on column holidays.works is 'not personal';
comment on column leads.owner_id is 'not personal';
comment on column assignments.id is 'not personal';
comment on column assignments.lead_id is 'not personal';
comment on column assignments.owner_id is 'not personal';
comment on column assignments.team_id is 'not personal';
comment on column assignments.rule_set_id is 'not personal';
comment on column assignments.rule_key is 'not personal';
comment on column assignments.how is 'not personal';
comment on column assignments.reason is 'not personal';
comment on column assignments.reason_data is 'not personal';
comment on column assignments.state is 'not personal';
comment on column assignments.previous_id is 'not personal';
comment on column assignments.period is 'not personal';
comment on column assignments.at is 'not personal';
comment on column assignments.clock_from is 'not personal';
comment on column assignments.warn_at is 'not personal';
comment on column assignments.escalate_at is 'not personal';
comment on column assignments.reassign_at is 'not personal';
comment on column assignments.warned_at is 'not personal';
comment on column assignments.escalated_at is 'not personal';
comment on column assignments.first_response_at is 'not personal';
comment on column assignments.first_response_by is 'not personal';
comment on column assignments.first_response_kind is 'not personal';
comment on column assignments.response_seconds is 'not personal';
comment on column assignments.accepted_at is 'not personal';
comment on column assignments.closed_at is 'not personal';
comment on column assignments.close_reason is 'not personal';
comment on column assignments.close_note is 'personal';
comment on column assignments.closed_by is 'not personal';
comment on column assignments.alert_message_id is 'not personal';
comment on column assignments.version is 'not personal';

-- +goose Down
drop index messages_staff;
drop table assignments, holidays, absences, rotation_places, team_members, teams, user_profiles, sales_settings;
alter table leads drop column owner_id;
