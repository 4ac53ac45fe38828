-- The hours of the week (UTC, from Sunday midnight) in which AD lets an account log on: 168 bits as AD keeps them, in hex. Null: at any time.
ALTER TABLE person ADD COLUMN logon_hours text CHECK (logon_hours ~ '^[0-9a-f]{42}$');
ALTER TABLE person DROP CONSTRAINT person_state_check;
ALTER TABLE person ADD CONSTRAINT person_state_check
  CHECK (state IN ('enabled', 'disabled', 'expired', 'locked', 'outside-hours', 'deleted', 'out-of-scope', 'cut'));
