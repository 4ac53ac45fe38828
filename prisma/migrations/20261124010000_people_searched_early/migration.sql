-- Words of one or two letters, and those that everybody carries, are looked for in every row. A row is taken apart from its beginning up to the
-- last column that is asked for, which is most of what such a search costs: so what lists and searches ask for stands first. Columns cannot
-- change places, so the table is written anew, once. What was folded is compared byte by byte ("C"), which finds the same in UTF-8.
ALTER TABLE person RENAME TO person_before;

CREATE TABLE person (
  id               text NOT NULL,
  directory_id     text NOT NULL,
  state            text NOT NULL CONSTRAINT person_state_check
    CHECK (state IN ('enabled', 'disabled', 'expired', 'locked', 'outside-hours', 'deleted', 'out-of-scope', 'cut')),
  deleted_at       timestamptz(3),
  state_since      timestamptz(3) NOT NULL DEFAULT now(),
  -- What stands in another part already is not said twice: mostly that is a login, and a mail address like the name at sign-in.
  search_text      text COLLATE "C" GENERATED ALWAYS AS (fold_text(display_name
    || CASE WHEN strpos(lower(coalesce(upn, '')), lower(sam_account_name)) > 0 THEN '' ELSE ' ' || sam_account_name END
    || coalesce(' ' || upn, '')
    || CASE WHEN lower(mail) = lower(upn) THEN '' ELSE coalesce(' ' || mail, '') END)) STORED,
  -- A column of its own, so that the order is walked without the rows.
  sort_name        text NOT NULL GENERATED ALWAYS AS (lower(display_name)) STORED,
  forest_id        text NOT NULL,
  object_guid      uuid NOT NULL,
  sid              text,
  dn               text NOT NULL,
  sam_account_name text NOT NULL,
  upn              text,
  wire_name        text NOT NULL,
  display_name     text NOT NULL,
  mail             text,
  title            text,
  department       text,
  user_account_control integer NOT NULL,
  primary_group_rid integer,
  account_expires_at timestamptz(3),
  lockout_at       timestamptz(3),
  logon_hours      text CONSTRAINT person_logon_hours_check CHECK (logon_hours ~ '^[0-9a-f]{42}$'),
  password_set_at  timestamptz(3),
  must_change_password boolean NOT NULL DEFAULT false,
  out_of_scope     boolean NOT NULL DEFAULT false,
  cut_at           timestamptz(3),
  cut_reason       text,
  login_budget     integer CONSTRAINT person_login_budget_check CHECK (login_budget > 0),
  lockout_window_seconds integer CONSTRAINT person_lockout_window_seconds_check CHECK (lockout_window_seconds >= 0),
  stamp            jsonb NOT NULL DEFAULT '{}',
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT now()
);

INSERT INTO person (id, directory_id, state, deleted_at, state_since, forest_id, object_guid, sid, dn, sam_account_name, upn, wire_name, display_name,
  mail, title, department, user_account_control, primary_group_rid, account_expires_at, lockout_at, logon_hours, password_set_at,
  must_change_password, out_of_scope, cut_at, cut_reason, login_budget, lockout_window_seconds, stamp, created_at, updated_at)
SELECT id, directory_id, state, deleted_at, state_since, forest_id, object_guid, sid, dn, sam_account_name, upn, wire_name, display_name,
  mail, title, department, user_account_control, primary_group_rid, account_expires_at, lockout_at, logon_hours, password_set_at,
  must_change_password, out_of_scope, cut_at, cut_reason, login_budget, lockout_window_seconds, stamp, created_at, updated_at
FROM person_before;

DROP VIEW foreign_membership;
ALTER TABLE portal_session DROP CONSTRAINT portal_session_person_id_fkey;
ALTER TABLE credential DROP CONSTRAINT credential_person_id_fkey;
ALTER TABLE break_glass_account DROP CONSTRAINT break_glass_account_made_by_fkey;
ALTER TABLE break_glass_alert DROP CONSTRAINT break_glass_alert_acknowledged_by_fkey;
ALTER TABLE break_glass_switch DROP CONSTRAINT break_glass_switch_off_by_fkey;
DROP TABLE person_before;

ALTER TABLE person ADD PRIMARY KEY (id), ADD UNIQUE (forest_id, object_guid),
  ADD FOREIGN KEY (forest_id) REFERENCES forest, ADD FOREIGN KEY (directory_id) REFERENCES directory;
CREATE UNIQUE INDEX person_wire_name ON person (forest_id, wire_name) WHERE deleted_at IS NULL;
CREATE INDEX person_search ON person USING gin (search_text gin_trgm_ops);
CREATE INDEX person_name ON person (sort_name, id) WHERE state <> 'deleted';
CREATE INDEX person_sam ON person (lower(sam_account_name));
CREATE INDEX person_upn ON person (lower(upn));
CREATE INDEX person_dn ON person (lower(dn));
CREATE INDEX person_sid ON person (sid);
CREATE INDEX person_account_end ON person (account_expires_at) WHERE account_expires_at IS NOT NULL;
-- The third of what is asked for every second: without an index for each of them all rows would be gone through.
CREATE INDEX person_hours ON person (state) WHERE logon_hours IS NOT NULL;
CREATE INDEX person_locked ON person (lockout_at) WHERE state = 'locked';
CREATE INDEX person_former_wire_name ON person (forest_id, wire_name) WHERE deleted_at IS NOT NULL;
CREATE INDEX person_former_login ON person (forest_id, lower(sam_account_name)) WHERE deleted_at IS NOT NULL;

ALTER TABLE portal_session ADD FOREIGN KEY (person_id) REFERENCES person;
ALTER TABLE credential ADD FOREIGN KEY (person_id) REFERENCES person;
ALTER TABLE break_glass_account ADD FOREIGN KEY (made_by) REFERENCES person;
ALTER TABLE break_glass_alert ADD FOREIGN KEY (acknowledged_by) REFERENCES person;
ALTER TABLE break_glass_switch ADD FOREIGN KEY (off_by) REFERENCES person;

-- As it was.
CREATE VIEW foreign_membership AS
  SELECT f.group_id, f.sid, min(s.id) AS member_id
  FROM foreign_member f
  JOIN directory_group g ON g.id = f.group_id AND g.deleted_at IS NULL
  JOIN (
    SELECT id, sid, directory_id FROM person WHERE deleted_at IS NULL
    UNION ALL SELECT id, sid, directory_id FROM directory_group WHERE deleted_at IS NULL
  ) AS s ON s.sid = f.sid
  JOIN directory d ON d.id = s.directory_id AND d.removed_at IS NULL AND s.sid LIKE d.domain_sid || '-%'
  GROUP BY f.group_id, f.sid
  HAVING count(*) = 1;

ALTER TABLE directory_group ALTER COLUMN search_text TYPE text COLLATE "C";
