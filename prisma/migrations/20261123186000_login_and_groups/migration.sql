-- A person may be under a password policy of their own. Null: the domain's holds, as far as we know; it is learned at a sign-in.
ALTER TABLE person ADD COLUMN login_budget integer CHECK (login_budget > 0);
ALTER TABLE person ADD COLUMN lockout_window_seconds integer CHECK (lockout_window_seconds >= 0);

-- Members that another domain knows: a foreign security principal, or an account of another domain of the forest. Kept by SID, because whom
-- it means may be read later than the group, or never. Where it is somebody we know, a membership is derived from it.
CREATE TABLE foreign_member (
  group_id text NOT NULL REFERENCES directory_group ON DELETE CASCADE,
  sid      text NOT NULL,
  PRIMARY KEY (group_id, sid)
);
CREATE INDEX foreign_member_sid ON foreign_member (sid);
ALTER TABLE membership ADD COLUMN is_foreign boolean NOT NULL DEFAULT false;
CREATE INDEX membership_foreign ON membership (group_id) WHERE is_foreign;
CREATE INDEX person_sid ON person (sid);
CREATE INDEX directory_group_sid ON directory_group (sid);

-- A directory that was disconnected: its people stay as history, and are nobody. Connected again, it is the same one.
ALTER TABLE directory ADD COLUMN removed_at timestamptz(3);

-- Whom the told SIDs mean: somebody living whose own domain they belong to, and nobody where two could be meant.
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
