-- Until all of a directory has been taken in once, nobody relies on any of it: who is in it is written while it is still being read.
ALTER TABLE directory ADD COLUMN taken_in_at timestamptz(3);
UPDATE directory d SET taken_in_at = now()
WHERE state IN ('following', 'held') OR EXISTS (SELECT 1 FROM domain_controller c WHERE c.directory_id = d.id AND c.full_read_at IS NOT NULL)
   OR EXISTS (SELECT 1 FROM person p WHERE p.directory_id = d.id);
