-- How a registered cluster is reached: an optional HTTP(S) proxy before it, and what the worker found when it looked last.

-- Scheme, host and port only: a credential in here would be readable by everybody who may read a cluster.
ALTER TABLE cluster ADD COLUMN proxy_url text CHECK (proxy_url ~ '^https?://[^/@?#[:space:]]+$');
ALTER TABLE cluster_invitation ADD COLUMN proxy_url text CHECK (proxy_url ~ '^https?://[^/@?#[:space:]]+$');

-- One row a cluster, written over at each look; nothing in it decides anything, so it makes no change row.
CREATE TABLE cluster_health (
  cluster_id       text PRIMARY KEY REFERENCES cluster ON DELETE CASCADE,
  looked_at        timestamptz(3) NOT NULL DEFAULT now(),
  reached_at       timestamptz(3),
  latency_ms       integer,
  -- In a row; at the second the worker tries less and less often.
  failures         integer NOT NULL DEFAULT 0,
  next_try_at      timestamptz(3),
  message          text,
  -- The kube-system UID that answered last, where it is not the registered one.
  stranger_uid     text,
  certificate      jsonb,
  certificate_at   timestamptz(3)
);
