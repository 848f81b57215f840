-- Roll-ups: how many submissions count, per UTC hour, landing page and source. They are derived from the rows and may be
-- deleted at any time. Only what adds up is here; people are counted from their facts.
--
-- A figure takes an hour from here when it lies before rollup_state.until, is not dirty, and no submission of it is on its
-- way to become a lead; every other hour is counted from the rows. So intake writes nothing here. A day of a zone whose
-- offset is not a whole hour begins inside an hour: such hours are counted from the rows too (two for a range, one more
-- for each day of a picture by day), which costs less than four times as many rows for everybody.

-- +goose Up
create table rollup_hours (
  hour        timestamptz not null check (extract(minute from hour at time zone 'UTC') = 0 and extract(second from hour at time zone 'UTC') = 0),
  gate_id     uuid not null references gates,
  source      text not null,
  submissions bigint not null check (submissions > 0),
  primary key (hour, gate_id, source)
);

-- Every hour before until is rolled up, one without rows had no submissions. Null: none is.
create table rollup_state (
  id    smallint primary key default 1 check (id = 1),
  until timestamptz
);
insert into rollup_state default values;

-- Marks of hours whose rows changed after they were rolled up. Each change adds a mark of its own, in its transaction:
-- one row an hour would make those who change rows wait for each other, and a rebuild could take away a mark that it has
-- not seen.
create table rollup_dirty (
  id   uuid primary key,
  hour timestamptz not null
);
create index rollup_dirty_hour on rollup_dirty (hour);

-- A program that knows nothing of the marks would change rows behind the figures.
update schema_minimum set known = 4;

comment on column rollup_hours.hour is 'not personal';
comment on column rollup_hours.gate_id is 'not personal';
comment on column rollup_hours.source is 'not personal';
comment on column rollup_hours.submissions is 'not personal';
comment on column rollup_state.id is 'not personal';
comment on column rollup_state.until is 'not personal';
comment on column rollup_dirty.id is 'not personal';
comment on column rollup_dirty.hour is 'not personal';

-- +goose Down
drop table rollup_dirty, rollup_state, rollup_hours;
update schema_minimum set known = 2;
