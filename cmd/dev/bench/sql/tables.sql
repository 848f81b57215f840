-- What pgbench writes: plain tables with a primary key each and nothing else, so that the product is compared with the
-- best that single statements can do.
create schema bench;
create table bench.submission (
  id              uuid primary key,
  gate_id         uuid not null,
  gate_version_id uuid not null,
  received_at     timestamptz not null,
  door            text not null,
  language        text not null,
  variant         text not null,
  verdict         text not null,
  weight          smallint not null,
  reasons         jsonb not null,
  notices         text not null,
  state           text not null,
  state_at        timestamptz not null,
  address         text not null,
  typed           text not null,
  answers         jsonb not null,
  consents        jsonb not null,
  flags           jsonb not null,
  source          jsonb not null,
  block           text not null,
  user_agent      text not null
);
create table bench.lead (
  address     text primary key,
  given_name  text not null,
  family_name text not null,
  company     text not null,
  submissions integer not null,
  last_at     timestamptz not null
);
create table bench.job (
  id           bigserial primary key,
  kind         text not null,
  queue        text not null,
  state        text not null,
  args         jsonb not null,
  created_at   timestamptz not null,
  scheduled_at timestamptz not null
);
