-- In which order an admin, or DNS, prefers the domain controllers of a directory (0 first), and when DNS last named it (null: an admin did).
ALTER TABLE domain_controller ADD COLUMN preference integer NOT NULL DEFAULT 0;
ALTER TABLE domain_controller ADD COLUMN found_at timestamptz(3);
-- Where its follower stood while another domain controller led: where it goes on, also after another worker took over.
ALTER TABLE domain_controller ADD COLUMN beside jsonb;
-- The invocationId under which it was put back to an older state unseen by its partners: under that one its word makes no rows.
ALTER TABLE domain_controller ADD COLUMN rolled_back text;

-- Up to which USN a domain controller has told something that changed our rows: whoever would make the rows after it must know that too.
CREATE TABLE controller_told (
  controller_id text NOT NULL REFERENCES domain_controller (id) ON DELETE CASCADE,
  invocation_id text NOT NULL,
  -- Whether it led when it told this.
  led boolean NOT NULL,
  usn bigint NOT NULL,
  -- What it took away while another led ("object <id>", "edge <group> <member>"): not given back by one that does not know.
  taken jsonb NOT NULL DEFAULT '[]',
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (controller_id, invocation_id, led)
);

-- What an admin asked for, until a complete read that began later has done it: whichever worker follows finds it here.
ALTER TABLE directory ADD COLUMN read_asked_at timestamptz(3);
ALTER TABLE directory ADD COLUMN removals_approved_at timestamptz(3);
