-- Steps that a person does not agree to any more, or not yet: they chose otherwise after the plan was made, or staff decided
-- not to approach them.

-- +goose Up
-- The code of what the step would go beyond, '' for one that may be done. It is weighed anew whenever the person chooses, answers
-- or is blocked; the lead's page weighs it at each look.
alter table steps add column barred text not null default '';
comment on column steps.barred is 'not personal';

-- +goose Down
alter table steps drop column barred;
