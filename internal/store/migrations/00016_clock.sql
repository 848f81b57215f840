-- The team that answers for a lead, and the working time of a first-response clock that earlier hands have used up.

-- +goose Up
-- team_id is whose rotation chose, and what its turns are counted by; a lead that is taken over, or that no rotation chose,
-- still has a team that answers for it.
alter table assignments add column answering_team_id uuid references teams;
alter table assignments add column clock_used integer not null default 0 check (clock_used >= 0);
comment on column assignments.answering_team_id is 'not personal';
comment on column assignments.clock_used is 'not personal';
with recursive chain(id, team_id) as (
  select id, team_id from assignments where team_id is not null
  union all select a.id, c.team_id from assignments a join chain c on c.id = a.previous_id where a.team_id is null)
update assignments a set answering_team_id = c.team_id from chain c where c.id = a.id;
update assignments a set answering_team_id = (select m.team_id from team_members m join teams t on t.id = m.team_id and t.archived_at is null
    where m.user_id = a.owner_id order by m.joined_at, m.team_id limit 1)
  where a.answering_team_id is null;
create index assignments_answering on assignments (answering_team_id, lead_id) where state in ('open','accepted');

-- +goose Down
drop index assignments_answering;
alter table assignments drop column answering_team_id, drop column clock_used;
