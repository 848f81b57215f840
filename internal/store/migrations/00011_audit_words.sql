-- What was done to rules is named as everything else in the audit log is: what it was done to, a dot, what was done.

-- +goose Up
update audit_log set action = 'rules.' || action
  where object_kind in ('scoring-rules','routing-rules') and action in ('draft','edit','publish','roll-back','discard','rescore','rehearse');
update audit_log set action = object_kind || '.cancel' where object_kind in ('rescore','rehearsal') and action = 'cancel';

-- +goose Down
update audit_log set action = substr(action, 7) where object_kind in ('scoring-rules','routing-rules') and action like 'rules.%';
update audit_log set action = 'cancel' where object_kind in ('rescore','rehearsal') and action = object_kind || '.cancel';
