-- Credentials: narrower to namespaces, one living a device, and an end that nobody moves back.

ALTER TABLE credential
  -- null = every namespace that the person may reach there.
  ADD COLUMN namespaces text[],
  ADD CONSTRAINT credential_narrowed_to_something CHECK (cardinality(cluster_ids) > 0 AND cardinality(namespaces) BETWEEN 1 AND 50),
  -- A kubeconfig lies on a disk: 90 days at most, and a day for clocks that disagree.
  ADD CONSTRAINT credential_kubeconfig_is_short CHECK (kind <> 'kubeconfig' OR expires_at <= created_at + interval '91 days');

-- The newest of a device is the one that lives; whatever else was left without a successor gets it for one.
UPDATE credential c SET successor_id = n.id
FROM credential n
WHERE c.device_id IS NOT NULL AND c.successor_id IS NULL AND c.revoked_at IS NULL
  AND n.person_id = c.person_id AND n.device_id = c.device_id AND n.successor_id IS NULL AND n.revoked_at IS NULL
  AND n.id = (SELECT m.id FROM credential m
              WHERE m.person_id = c.person_id AND m.device_id = c.device_id AND m.successor_id IS NULL AND m.revoked_at IS NULL
              ORDER BY m.created_at DESC, m.id DESC LIMIT 1)
  AND n.id <> c.id;
CREATE UNIQUE INDEX credential_one_per_device ON credential (person_id, device_id)
  WHERE device_id IS NOT NULL AND successor_id IS NULL AND revoked_at IS NULL;
CREATE INDEX credential_successor ON credential (successor_id) WHERE successor_id IS NOT NULL AND revoked_at IS NULL;

-- What was issued only ever gets less: no process of ours, and nobody who has taken one over, can lengthen, widen or revive it.
CREATE FUNCTION credential_only_gets_less() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
     OR NEW.expires_at > OLD.expires_at
     OR (OLD.read_only AND NOT NEW.read_only)
     OR NEW.cluster_ids IS DISTINCT FROM OLD.cluster_ids
     OR NEW.namespaces IS DISTINCT FROM OLD.namespaces
     OR NEW.person_id <> OLD.person_id
     OR NEW.kind <> OLD.kind
     OR NEW.secret_hash <> OLD.secret_hash THEN
    RAISE EXCEPTION 'a credential is never lengthened, widened, revived or given another secret';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER credential_only_gets_less BEFORE UPDATE ON credential FOR EACH ROW EXECUTE FUNCTION credential_only_gets_less();
