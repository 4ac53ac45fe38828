-- What each complete read brought, each resumption, and the changes of each day, kept for some months: how the directory's word became ours.
CREATE TABLE directory_sync (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  directory_id text NOT NULL REFERENCES directory (id) ON DELETE CASCADE,
  -- Kept as text: the row outlives a domain controller that is no longer followed.
  controller_id text NOT NULL,
  controller text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('complete', 'resumed', 'changes')),
  outcome text NOT NULL CHECK (outcome IN ('done', 'held', 'failed')),
  mode text,
  -- Of changes: the day (UTC) that the row sums up.
  day date,
  started_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3) NOT NULL,
  -- Deltas summed up, or tries that failed in the same way.
  times integer NOT NULL DEFAULT 1,
  accounts integer,
  groups integer,
  people_appeared integer NOT NULL DEFAULT 0,
  people_changed integer NOT NULL DEFAULT 0,
  people_left integer NOT NULL DEFAULT 0,
  people_cut integer NOT NULL DEFAULT 0,
  groups_appeared integer NOT NULL DEFAULT 0,
  groups_changed integer NOT NULL DEFAULT 0,
  groups_left integer NOT NULL DEFAULT 0,
  memberships_added integer NOT NULL DEFAULT 0,
  memberships_removed integer NOT NULL DEFAULT 0,
  sentence text,
  CHECK ((kind = 'changes') = (day IS NOT NULL))
);
CREATE UNIQUE INDEX directory_sync_day ON directory_sync (directory_id, controller_id, day) WHERE kind = 'changes';
CREATE INDEX directory_sync_newest ON directory_sync (directory_id, ended_at DESC, id DESC);

-- Removals that an admin saw in a preview and saved: up to so many are meant, at the next complete read.
ALTER TABLE directory ADD COLUMN approved jsonb;

-- By which way a domain controller is asked for changes, and when it last told one.
ALTER TABLE domain_controller ADD COLUMN change_mode text;
ALTER TABLE domain_controller ADD COLUMN changed_at timestamptz(3);
