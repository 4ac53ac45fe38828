-- The last self-test of a cluster: what our two accounts may do there and what not. One row a cluster, written over; older ones are in the audit log.
CREATE TABLE cluster_self_test (
  cluster_id  text PRIMARY KEY REFERENCES cluster ON DELETE CASCADE,
  tested_at   timestamptz(3) NOT NULL DEFAULT now(),
  -- The mode that was in force.
  mode        text NOT NULL CHECK (mode IN ('classic', 'constrained')),
  outcome     text NOT NULL CHECK (outcome IN ('passed', 'failed')),
  -- Since when it is so.
  since       timestamptz(3) NOT NULL DEFAULT now(),
  -- Whether the server knows constrained impersonation: decides the mode.
  constrained boolean NOT NULL,
  checks      jsonb NOT NULL DEFAULT '[]'
);
