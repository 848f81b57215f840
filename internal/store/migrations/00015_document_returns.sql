-- +goose Up

-- Each time that a person came back to a document: what a rehearsal replays has to be known with its time. The row of the
-- download keeps the first and the last one only.
create table document_returns (
  id          uuid primary key,
  download_id uuid not null references downloads on delete cascade,
  at          timestamptz not null
);
create index document_returns_download on document_returns (download_id, at);

comment on column document_returns.id is 'not personal';
comment on column document_returns.download_id is 'not personal';
comment on column document_returns.at is 'not personal';

insert into document_returns (id, download_id, at) select gen_random_uuid(), id, last_at from downloads where times > 1;

-- +goose Down

drop table document_returns;
