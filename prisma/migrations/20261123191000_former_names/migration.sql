-- Whoever newly comes is held against those who went by the same name and are deleted: few, of all that there are, and asked for at each change.
CREATE INDEX person_former_wire_name ON person (forest_id, wire_name) WHERE deleted_at IS NOT NULL;
CREATE INDEX person_former_login ON person (forest_id, lower(sam_account_name)) WHERE deleted_at IS NOT NULL;
