-- Break-glass: a few local accounts that administer the portal while the directory cannot be asked. They are nobody's person: nothing of the
-- door refers to them, and no credential can (credential.person_id references person).
CREATE TABLE break_glass_account (
  id           text PRIMARY KEY,
  name         text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{2,39}$'),
  -- Of the present password and one-time secret: made anew, they start again.
  made_at      timestamptz(3) NOT NULL DEFAULT now(),
  made_by      text NOT NULL REFERENCES person,
  enrolled_at  timestamptz(3),
  used_at      timestamptz(3),
  last_used_at timestamptz(3),
  ended_at     timestamptz(3),
  end_reason   text,
  CHECK (used_at IS NULL OR enrolled_at IS NOT NULL)
);
CREATE UNIQUE INDEX break_glass_account_name ON break_glass_account (name) WHERE ended_at IS NULL;

-- What proves who somebody is, sealed to the worker's key: a table of its own, so that no other process can be given it by mistake.
CREATE TABLE break_glass_verifier (
  account_id text PRIMARY KEY REFERENCES break_glass_account,
  sealed     bytea NOT NULL,
  -- The last half minute of which a code was taken; no code of it or before is taken again.
  last_step  bigint NOT NULL DEFAULT 0
);

CREATE TABLE break_glass_session (
  id          text PRIMARY KEY,
  account_id  text NOT NULL REFERENCES break_glass_account,
  secret_hash bytea NOT NULL UNIQUE,
  started_at  timestamptz(3) NOT NULL DEFAULT now(),
  expires_at  timestamptz(3) NOT NULL,
  ended_at    timestamptz(3),
  end_reason  text,
  address     text,
  user_agent  text,
  CHECK (expires_at > started_at AND expires_at <= started_at + interval '1 hour')
);
CREATE INDEX break_glass_session_account ON break_glass_session (account_id) WHERE ended_at IS NULL;

-- What administrators must have seen. Each use is one; refused tries of one account (or of no account) are one until somebody has seen them.
CREATE TABLE break_glass_alert (
  id              text PRIMARY KEY,
  kind            text NOT NULL CHECK (kind IN ('used', 'refused')),
  account_id      text REFERENCES break_glass_account,
  first_at        timestamptz(3) NOT NULL DEFAULT now(),
  last_at         timestamptz(3) NOT NULL DEFAULT now(),
  times           integer NOT NULL DEFAULT 1,
  address         text,
  acknowledged_at timestamptz(3),
  acknowledged_by text REFERENCES person,
  CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE UNIQUE INDEX break_glass_alert_open_refusals ON break_glass_alert (coalesce(account_id, '')) WHERE kind = 'refused' AND acknowledged_at IS NULL;
CREATE INDEX break_glass_alert_latest ON break_glass_alert (last_at DESC);

CREATE TABLE break_glass_switch (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  off_at   timestamptz(3),
  off_by   text REFERENCES person
);
INSERT INTO break_glass_switch DEFAULT VALUES;

ALTER TABLE audit_event DROP CONSTRAINT audit_event_actor_kind_check;
ALTER TABLE audit_event ADD CONSTRAINT audit_event_actor_kind_check
  CHECK (actor_kind IN ('person', 'system', 'directory', 'anonymous', 'break-glass'));
