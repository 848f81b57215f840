-- A push may make the object of a company, which others of that company would make as well.

-- +goose Up
alter table pushes add column making uuid;
create unique index pushes_making on pushes (connector_id, making) where state = 'sending' and making is not null; -- one of them makes it
create index pushes_made on pushes (making) where making is not null;

comment on column pushes.making is 'not personal';

-- +goose Down
alter table pushes drop column making;
