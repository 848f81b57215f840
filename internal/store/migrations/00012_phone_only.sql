-- What staff typed about somebody whom they know by phone alone belongs to no address.

-- +goose Up
alter table lead_values alter column address_id drop not null;

-- +goose Down
delete from lead_values where address_id is null;
alter table lead_values alter column address_id set not null;
