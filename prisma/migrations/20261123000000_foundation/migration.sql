-- The foundation of Gatehouse's memory. Rooms own tables as lib/ is divided; ids are short, random, immutable and never reused.
-- Who may touch what is granted to the roles portal, proxy and worker at each start (lib/db/roles.ts), not here: role names carry the database's name.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- ── ground: this installation ────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE installation (
  id            text PRIMARY KEY,
  only_one      boolean NOT NULL DEFAULT true UNIQUE CHECK (only_one),
  setup_done_at timestamptz(3),
  setup_code_hash bytea,
  portal_url    text,
  proxy_url     text,
  proxy_ca_pem  text,
  settings      jsonb NOT NULL DEFAULT '{}',
  created_at    timestamptz(3) NOT NULL DEFAULT now()
);

-- ── ground: the change feed ──────────────────────────────────────────────────────────────────────────────────────────────────
-- One counter row, locked as the last statement before COMMIT: so the order of numbers is the order of commits, and a reader that asks
-- for seq > last can never skip a change that commits late.
CREATE TABLE change_counter (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  seq      bigint NOT NULL
);
INSERT INTO change_counter (seq) VALUES (0);

CREATE TABLE change (
  seq   bigint PRIMARY KEY,
  topic text NOT NULL,
  key   text NOT NULL,
  at    timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX change_at ON change (at);

-- topics[i] goes with keys[i]. Must be the last statement of the transaction. Returns the highest number given.
CREATE FUNCTION append_changes(topics text[], keys text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n    bigint := coalesce(array_length(topics, 1), 0);
  last bigint;
BEGIN
  UPDATE change_counter SET seq = seq + n RETURNING seq INTO last;
  INSERT INTO change (seq, topic, key)
    SELECT last - n + t.i, t.topic, t.key FROM unnest(topics, keys) WITH ORDINALITY AS t(topic, key, i);
  PERFORM pg_notify('gatehouse_change', last::text);
  RETURN last;
END $$;

-- ── ground: processes that serve, and work asked of the worker ───────────────────────────────────────────────────────────────
CREATE TABLE replica (
  id         text PRIMARY KEY,
  role       text NOT NULL CHECK (role IN ('portal', 'proxy', 'worker')),
  host       text NOT NULL,
  pid        integer NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  beat_at    timestamptz(3) NOT NULL DEFAULT now(),
  seq        bigint NOT NULL DEFAULT 0,
  streams    jsonb NOT NULL DEFAULT '[]',
  stopped_at timestamptz(3)
);

CREATE TABLE request (
  id          text PRIMARY KEY,
  kind        text NOT NULL,
  asker_id    text,
  input       jsonb NOT NULL DEFAULT '{}',
  sealed      bytea,
  state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
  progress    jsonb,
  result      jsonb,
  error       jsonb,
  claimed_by  text,
  claimed_at  timestamptz(3),
  created_at  timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  expires_at  timestamptz(3) NOT NULL
);
CREATE INDEX request_queued ON request (created_at) WHERE state = 'queued';

-- A named lease with a fencing epoch: at most one holder acts for a subject (a directory, a cluster).
CREATE TABLE lease (
  name       text PRIMARY KEY,
  holder     text NOT NULL,
  epoch      bigint NOT NULL DEFAULT 1,
  expires_at timestamptz(3) NOT NULL
);

-- ── audit: by day, insert only ───────────────────────────────────────────────────────────────────────────────────────────────
CREATE SEQUENCE audit_event_id;
CREATE TABLE audit_event (
  id           bigint NOT NULL DEFAULT nextval('audit_event_id'),
  at           timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  event        text NOT NULL,
  actor_kind   text NOT NULL CHECK (actor_kind IN ('person', 'system', 'directory', 'anonymous')),
  actor_id     text,
  actor_name   text,
  subject_kind text,
  subject_id   text,
  subject_name text,
  cluster_id   text,
  project_id   text,
  detail       jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_event_subject ON audit_event (subject_id, at DESC);
CREATE INDEX audit_event_actor ON audit_event (actor_id, at DESC);
CREATE INDEX audit_event_event ON audit_event (event, at DESC);
CREATE TABLE audit_event_elsewhen PARTITION OF audit_event DEFAULT;

-- Makes the partitions from yesterday to `ahead` days on. Called at start and daily; safe to call from several processes.
CREATE FUNCTION ensure_audit_partitions(ahead integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  day date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('gatehouse audit partitions'));
  FOR day IN SELECT generate_series(current_date - 1, current_date + ahead, interval '1 day')::date LOOP
    IF to_regclass('audit_event_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_event FOR VALUES FROM (%L) TO (%L)',
        'audit_event_' || to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
    END IF;
  END LOOP;
END $$;
SELECT ensure_audit_partitions(7);

-- ── directory ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE forest (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  wire_prefix text NOT NULL DEFAULT 'gatehouse' CHECK (wire_prefix ~ '^[a-z0-9][a-z0-9-]{0,30}$' AND wire_prefix <> 'system'),
  created_at  timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE directory (
  id               text PRIMARY KEY,
  forest_id        text NOT NULL REFERENCES forest,
  domain           text NOT NULL UNIQUE,
  netbios          text,
  base_dn          text NOT NULL,
  domain_sid       text,
  -- {urls: string[], serverName?, caPem?, bindDn, scopeDns: string[]}: what connects, without its secret.
  settings         jsonb NOT NULL,
  lockout_threshold integer,
  lockout_window_seconds integer,
  state            text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'reading', 'following', 'unreachable', 'held')),
  state_detail     text,
  state_since      timestamptz(3) NOT NULL DEFAULT now(),
  created_at       timestamptz(3) NOT NULL DEFAULT now()
);

-- Apart from its directory, so that the portal's role can be kept from it altogether.
CREATE TABLE directory_secret (
  directory_id text PRIMARY KEY REFERENCES directory ON DELETE CASCADE,
  sealed       bytea NOT NULL
);

CREATE TABLE domain_controller (
  id                text PRIMARY KEY,
  directory_id      text NOT NULL REFERENCES directory ON DELETE CASCADE,
  url               text NOT NULL,
  dns_host_name     text,
  invocation_id     text,
  highest_usn       bigint,
  cookie            bytea,
  sees_deleted      boolean NOT NULL DEFAULT false,
  full_read_at      timestamptz(3),
  -- Freshness (DECISIONS 14): when the last successful complete drain began.
  fresh_at          timestamptz(3),
  state             text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'reading', 'following', 'unreachable')),
  state_detail      text,
  UNIQUE (directory_id, url)
);

CREATE TABLE person (
  id               text PRIMARY KEY,
  forest_id        text NOT NULL REFERENCES forest,
  directory_id     text NOT NULL REFERENCES directory,
  object_guid      uuid NOT NULL,
  sid              text,
  dn               text NOT NULL,
  sam_account_name text NOT NULL,
  upn              text,
  wire_name        text NOT NULL,
  display_name     text NOT NULL,
  mail             text,
  title            text,
  department       text,
  user_account_control integer NOT NULL,
  primary_group_rid integer,
  account_expires_at timestamptz(3),
  lockout_at       timestamptz(3),
  password_set_at  timestamptz(3),
  must_change_password boolean NOT NULL DEFAULT false,
  -- What the directory says, last; what the clock adds (expiry, lockout end) is computed from the columns above.
  deleted_at       timestamptz(3),
  out_of_scope     boolean NOT NULL DEFAULT false,
  -- An admin's own cut, which no directory state lifts.
  cut_at           timestamptz(3),
  cut_reason       text,
  state            text NOT NULL CHECK (state IN ('enabled', 'disabled', 'expired', 'locked', 'deleted', 'out-of-scope', 'cut')),
  state_since      timestamptz(3) NOT NULL DEFAULT now(),
  stamp            jsonb NOT NULL DEFAULT '{}',
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (forest_id, object_guid)
);
CREATE UNIQUE INDEX person_wire_name ON person (forest_id, wire_name) WHERE deleted_at IS NULL;
CREATE INDEX person_search ON person USING gin ((display_name || ' ' || sam_account_name || ' ' || coalesce(upn, '') || ' ' || coalesce(mail, '')) gin_trgm_ops);
CREATE INDEX person_sam ON person (lower(sam_account_name));
CREATE INDEX person_upn ON person (lower(upn));
CREATE INDEX person_dn ON person (lower(dn));
-- What the clock changes is asked for every second.
CREATE INDEX person_account_end ON person (account_expires_at) WHERE account_expires_at IS NOT NULL;
CREATE INDEX person_locked ON person (lockout_at) WHERE state = 'locked';

CREATE TABLE directory_group (
  id               text PRIMARY KEY,
  forest_id        text NOT NULL REFERENCES forest,
  directory_id     text NOT NULL REFERENCES directory,
  object_guid      uuid NOT NULL,
  sid              text,
  dn               text NOT NULL,
  sam_account_name text NOT NULL,
  name             text NOT NULL,
  description      text,
  group_type       integer NOT NULL,
  security         boolean NOT NULL,
  deleted_at       timestamptz(3),
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (forest_id, object_guid)
);
CREATE INDEX directory_group_search ON directory_group USING gin ((name || ' ' || sam_account_name || ' ' || coalesce(description, '')) gin_trgm_ops);
CREATE INDEX directory_group_dn ON directory_group (lower(dn));

-- member_id is a person's or a group's id: both come from one space of ids ('p-…', 'g-…').
CREATE TABLE membership (
  group_id  text NOT NULL REFERENCES directory_group ON DELETE CASCADE,
  member_id text NOT NULL,
  is_primary boolean NOT NULL DEFAULT false,
  PRIMARY KEY (group_id, member_id)
);
CREATE INDEX membership_member ON membership (member_id);

-- ── revocation ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE revocation (
  id            text PRIMARY KEY,
  kind          text NOT NULL CHECK (kind IN ('person', 'credential', 'session', 'binding', 'cluster', 'role', 'membership')),
  person_id     text,
  credential_id text,
  session_id    text,
  cluster_id    text,
  reason        text NOT NULL,
  detail        jsonb NOT NULL DEFAULT '{}',
  -- The moment from which latency is counted: when the follower could first have seen it (ARCHITECTURE 4).
  evidence_at   timestamptz(3) NOT NULL,
  sessions_ended integer NOT NULL DEFAULT 0,
  created_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  receipt_at    timestamptz(3)
);
CREATE INDEX revocation_person ON revocation (person_id, created_at DESC);

CREATE TABLE revocation_ack (
  revocation_id text NOT NULL REFERENCES revocation ON DELETE CASCADE,
  replica_id    text NOT NULL,
  refused_from  timestamptz(3) NOT NULL,
  cut           jsonb NOT NULL DEFAULT '[]',
  acked_at      timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (revocation_id, replica_id)
);

-- ── clusters ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE cluster (
  id              text PRIMARY KEY,
  -- Never reused, also after removal: a path that meant one cluster never means another.
  name            text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  title           text,
  labels          jsonb NOT NULL DEFAULT '{}',
  server_url      text NOT NULL,
  server_name     text,
  ca_pem          text NOT NULL,
  kube_system_uid text NOT NULL,
  version         text,
  mode            text NOT NULL DEFAULT 'classic' CHECK (mode IN ('classic', 'constrained')),
  strict          boolean NOT NULL DEFAULT true,
  state           text NOT NULL DEFAULT 'joining' CHECK (state IN ('joining', 'ready', 'unreachable', 'credential-invalid', 'wrong-cluster', 'removed')),
  state_detail    text,
  state_since     timestamptz(3) NOT NULL DEFAULT now(),
  registered_by   text,
  registered_at   timestamptz(3) NOT NULL DEFAULT now(),
  removed_at      timestamptz(3)
);

CREATE TABLE cluster_door_credential (
  cluster_id text PRIMARY KEY REFERENCES cluster ON DELETE CASCADE,
  sealed     bytea NOT NULL,
  version    integer NOT NULL DEFAULT 1,
  expires_at timestamptz(3) NOT NULL,
  renewed_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE cluster_reconcile_credential (
  cluster_id text PRIMARY KEY REFERENCES cluster ON DELETE CASCADE,
  sealed     bytea NOT NULL,
  version    integer NOT NULL DEFAULT 1,
  expires_at timestamptz(3) NOT NULL,
  renewed_at timestamptz(3) NOT NULL DEFAULT now()
);

-- A registration by one kubectl apply: a one-time code, good for 15 minutes.
CREATE TABLE cluster_invitation (
  id           text PRIMARY KEY,
  name         text NOT NULL,
  labels       jsonb NOT NULL DEFAULT '{}',
  server_url   text,
  -- Where the cluster may not pull the usual image of the joining Job.
  image        text,
  code_hash    bytea NOT NULL UNIQUE,
  asker_id     text,
  state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'registered', 'failed', 'expired')),
  detail       text,
  request_id   text,
  cluster_id   text,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  expires_at   timestamptz(3) NOT NULL
);

CREATE TABLE cluster_status (
  cluster_id    text PRIMARY KEY REFERENCES cluster ON DELETE CASCADE,
  state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'applying', 'in-step', 'failed', 'unreachable')),
  message       text,
  desired_seq   bigint NOT NULL DEFAULT 0,
  converged_seq bigint NOT NULL DEFAULT 0,
  converged_at  timestamptz(3),
  objects       integer NOT NULL DEFAULT 0,
  mended        integer NOT NULL DEFAULT 0,
  last_plan     jsonb NOT NULL DEFAULT '[]',
  powers        jsonb NOT NULL DEFAULT '{}',
  checked_at    timestamptz(3)
);

-- What the reconciler last saw of ours in the cluster, for previews and screens.
CREATE TABLE observed_object (
  cluster_id text NOT NULL REFERENCES cluster ON DELETE CASCADE,
  kind       text NOT NULL,
  namespace  text NOT NULL DEFAULT '',
  name       text NOT NULL,
  hash       text NOT NULL,
  body       jsonb NOT NULL,
  seen_at    timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, kind, namespace, name)
);

CREATE TABLE cluster_namespace (
  cluster_id text NOT NULL REFERENCES cluster ON DELETE CASCADE,
  name       text NOT NULL,
  uid        text NOT NULL,
  labels     jsonb NOT NULL DEFAULT '{}',
  phase      text NOT NULL DEFAULT 'Active',
  -- {hard: {...}, used: {...}} of our ResourceQuota there, as last seen.
  quota      jsonb,
  seen_at    timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, name)
);

-- Names that a cluster has acknowledged (strict mode): the door lets a person in only once their present wire name stands here.
CREATE TABLE cluster_entry (
  cluster_id text NOT NULL REFERENCES cluster ON DELETE CASCADE,
  wire_name  text NOT NULL,
  person_id  text NOT NULL,
  acknowledged_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, wire_name)
);

-- ── projects ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE project (
  id           text PRIMARY KEY,
  name         text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  title        text NOT NULL,
  description  text,
  -- Of each namespace: {cpu, memory, pods, ...} as ResourceQuota's hard; null = none.
  quota        jsonb,
  -- {defaultCpu, defaultMemory, requestCpu, requestMemory, maxCpu?, maxMemory?} as LimitRange's container limits; null = none.
  limits       jsonb,
  pod_security text NOT NULL DEFAULT 'baseline' CHECK (pod_security IN ('privileged', 'baseline', 'restricted')),
  isolated     boolean NOT NULL DEFAULT true,
  created_by   text,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  removed_at   timestamptz(3)
);

CREATE TABLE project_namespace (
  project_id text NOT NULL REFERENCES project,
  cluster_id text NOT NULL REFERENCES cluster,
  name       text NOT NULL,
  origin     text NOT NULL CHECK (origin IN ('created', 'adopted')),
  added_at   timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, name)
);
CREATE INDEX project_namespace_project ON project_namespace (project_id);

-- ── entitlement ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE role (
  id           text PRIMARY KEY,
  name         text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  title        text NOT NULL,
  description  text NOT NULL DEFAULT '',
  builtin      boolean NOT NULL DEFAULT false,
  grantable_on text[] NOT NULL,
  -- Kubernetes PolicyRules: [{apiGroups, resources, resourceNames?, verbs} | {nonResourceURLs, verbs}]
  rules        jsonb NOT NULL,
  inherits     text[] NOT NULL DEFAULT '{}',
  -- What a grant of it on "all clusters" means in the portal itself.
  portal       text CHECK (portal IN ('admin', 'auditor')),
  version      integer NOT NULL DEFAULT 1,
  updated_at   timestamptz(3) NOT NULL DEFAULT now(),
  removed_at   timestamptz(3)
);

CREATE TABLE scope (
  id               text PRIMARY KEY,
  kind             text NOT NULL CHECK (kind IN ('all', 'labels', 'cluster', 'project', 'namespaces')),
  cluster_id       text REFERENCES cluster,
  cluster_selector jsonb,
  project_id       text REFERENCES project,
  -- kind namespaces: on cluster_id, or on clusters by cluster_selector, or everywhere when both are null.
  namespaces       text[],
  -- The same place is the same scope: a canonical text of the columns above.
  canonical        text NOT NULL UNIQUE,
  created_at       timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE binding (
  id           text PRIMARY KEY,
  role_id      text NOT NULL REFERENCES role,
  scope_id     text NOT NULL REFERENCES scope,
  subject_kind text NOT NULL CHECK (subject_kind IN ('group', 'person')),
  subject_id   text NOT NULL,
  until        timestamptz(3),
  reason       text NOT NULL DEFAULT '',
  created_by   text,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  revoked_at   timestamptz(3),
  revoked_by   text
);
CREATE INDEX binding_subject ON binding (subject_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX binding_once ON binding (role_id, scope_id, subject_id) WHERE revoked_at IS NULL;

-- ── sessions and credentials ─────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE portal_session (
  id          text PRIMARY KEY,
  secret_hash bytea NOT NULL UNIQUE,
  person_id   text NOT NULL REFERENCES person,
  created_at  timestamptz(3) NOT NULL DEFAULT now(),
  seen_at     timestamptz(3) NOT NULL DEFAULT now(),
  expires_at  timestamptz(3) NOT NULL,
  ended_at    timestamptz(3),
  end_reason  text,
  address     text,
  user_agent  text
);
CREATE INDEX portal_session_person ON portal_session (person_id) WHERE ended_at IS NULL;

-- Failed and spent sign-in tries, by account and by address; in Postgres so that a restart or another replica forgets nothing.
CREATE TABLE login_attempt (
  bucket     text NOT NULL,
  at         timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  failed     boolean NOT NULL DEFAULT true,
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX login_attempt_bucket ON login_attempt (bucket, at DESC);

CREATE TABLE credential (
  id                text PRIMARY KEY,
  kind              text NOT NULL CHECK (kind IN ('kubeconfig', 'api')),
  person_id         text NOT NULL REFERENCES person,
  device_id         text,
  name              text NOT NULL,
  secret_hash       bytea NOT NULL UNIQUE,
  read_only         boolean NOT NULL DEFAULT false,
  cluster_ids       text[],
  created_at        timestamptz(3) NOT NULL DEFAULT now(),
  expires_at        timestamptz(3) NOT NULL,
  last_used_at      timestamptz(3),
  last_used_address text,
  last_used_client  text,
  -- Renewed on the same device: the old one ends at the new one's first use or after 10 minutes (DECISIONS 4).
  successor_id      text,
  revoked_at        timestamptz(3),
  revoke_reason     text,
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days')
);
CREATE INDEX credential_person ON credential (person_id) WHERE revoked_at IS NULL;
