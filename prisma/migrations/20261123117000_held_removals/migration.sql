-- Removals that the shrink guard held back, with those who would go: shown to the admins who decide. Null while nothing is held.
ALTER TABLE directory ADD COLUMN held jsonb;
