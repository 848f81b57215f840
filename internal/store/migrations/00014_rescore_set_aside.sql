-- +goose Up

-- Leads that could not be scored anew: how many, and the ids of some of them.
alter table rescores add column failed integer not null default 0, add column set_aside jsonb not null default '[]';
alter table rescores alter column failed drop default, alter column set_aside drop default;

comment on column rescores.failed is 'not personal';
comment on column rescores.set_aside is 'not personal';

-- +goose Down

alter table rescores drop column failed, drop column set_aside;
