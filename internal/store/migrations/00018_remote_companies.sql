-- Who owns which company in another system. Of its companies nothing readable is kept: a keyed hash of the domain, or of the
-- name where no domain is known, by which a lead of the same company is recognised.

-- +goose Up
create table remote_companies (
  connector_id uuid not null references connectors,
  remote_id    text not null,
  known_by     text not null,
  owner_id     text not null,
  owner_at     timestamptz not null,
  at           timestamptz not null,
  primary key (connector_id, remote_id)
);
create index remote_companies_known on remote_companies (known_by);
comment on column remote_companies.connector_id is 'not personal';
comment on column remote_companies.remote_id is 'not personal';
comment on column remote_companies.known_by is 'personal';
comment on column remote_companies.owner_id is 'not personal';
comment on column remote_companies.owner_at is 'not personal';
comment on column remote_companies.at is 'not personal';

-- +goose Down
drop table remote_companies;
