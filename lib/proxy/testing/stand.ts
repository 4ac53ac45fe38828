/**
 * A door for tests, with everything behind it real: database, change feed, world, credentials. What stands in front of it and what it leads to
 * (a scripted cluster, a real API server) is the test's own choice.
 */
import { issueKubeconfig } from '#lib/credential/testing-issue.ts';
import { changing, type Database, openDatabase } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import type { Topic } from '#lib/db/topics.ts';
import { insertCorpExample } from '#lib/directory/testing/corp-example.ts';
import { createGrant, seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import type { Place } from '#lib/entitlement/scope.ts';
import type { World } from '#lib/entitlement/types.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import { createLog, type Log } from '#lib/log/log.ts';
import type { Feed } from '#lib/revocation/feed.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import { createReplica } from '#lib/runtime/replica.ts';
import type { Limits } from '../connections.ts';
import type { DoorCredentials } from '../desk.ts';
import { createDoor, type Door } from '../door.ts';
import type { FreshnessBounds } from '../types.ts';

const hashKey = Buffer.alloc(32, 7);
const guidOf = (name: string) => `00000000-0000-4000-8000-${Buffer.from(name.padEnd(6)).toString('hex').slice(0, 12)}`;

export interface Stand {
  readonly db: Database;
  readonly world: World;
  readonly feed: Feed;
  readonly door: Door;
  readonly caPem: string;
  readonly url: string;
  readonly installationId: string;
  token(
    person: string,
    narrowing?: { readOnly?: boolean; clusterIds?: string[]; namespaces?: string[]; deviceId?: string; kind?: 'kubeconfig' | 'api' },
  ): Promise<string>;
  grant(person: string, roleId: string, place: Partial<Place> & Pick<Place, 'kind'>): Promise<string>;
  /** Until the door has heard of everything written so far. */
  heard(): Promise<void>;
  write(topic: Topic, key: string, sql: string, values?: unknown[]): Promise<void>;
  disable(person: string): Promise<string>;
  /** Another replica over the same database, reached by a way of its own if one is given. */
  anotherDoor(id: string, way?: { readonly databaseUrl?: string; readonly drainMs?: number }): Promise<Replica>;
  stop(): Promise<void>;
}

export interface Replica {
  readonly id: string;
  readonly world: World;
  readonly feed: Feed;
  readonly door: Door;
  readonly url: string;
  /** Until this door has heard of everything written so far. */
  heard(): Promise<void>;
  stop(): Promise<void>;
}

export interface StandOptions {
  readonly clusters: readonly {
    readonly name: string;
    readonly serverUrl: string;
    readonly caPem: string;
    readonly strict?: boolean;
    readonly namespaces?: readonly string[];
  }[];
  readonly people: readonly string[];
  readonly doorCredentials?: DoorCredentials;
  readonly bounds?: FreshnessBounds;
  readonly limits?: Partial<Limits>;
  readonly streamsMax?: number;
  /** Whoever wants to read what the door logs. */
  readonly log?: Log;
}

export const personId = (name: string) => `p-${name}`;
export const clusterId = (name: string) => `cl-${name}`;

/** A forest with these people, all enabled and fresh, and these clusters, all of which know them. */
export async function seedWorld(db: Database, { clusters, people }: Pick<StandOptions, 'clusters' | 'people'>): Promise<void> {
  await insertCorpExample(db);
  await db.sql.query(
    `INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc', now(), 'following')`,
  );
  for (const name of people) {
    await db.sql.query(
      `INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
       VALUES ($1, 'f-1', 'd-1', $2, $3, $4, $5, $6, $4, 512, 'enabled')`,
      [personId(name), guidOf(name), `CN=${name}`, name, `${name}@corp.example`, `gatehouse:${name}@corp.example`],
    );
  }
  for (const cluster of clusters) {
    await db.sql.query(
      `INSERT INTO cluster (id, name, server_url, ca_pem, kube_system_uid, strict, state) VALUES ($1, $2, $3, $4, 'uid', $5, 'ready')`,
      [clusterId(cluster.name), cluster.name, cluster.serverUrl, cluster.caPem, cluster.strict ?? true],
    );
    for (const name of people) {
      await db.sql.query(`INSERT INTO cluster_entry (cluster_id, wire_name, person_id) VALUES ($1, $2, $3)`, [
        clusterId(cluster.name),
        `gatehouse:${name}@corp.example`,
        personId(name),
      ]);
    }
    for (const namespace of cluster.namespaces ?? []) {
      await db.sql.query(`INSERT INTO cluster_namespace (cluster_id, name, uid) VALUES ($1, $2, 'uid')`, [
        clusterId(cluster.name),
        namespace,
      ]);
    }
  }
}

export async function startStand({
  clusters,
  people,
  doorCredentials,
  bounds,
  limits,
  streamsMax,
  log = createLog('test'),
}: StandOptions): Promise<Stand> {
  const { db, installationId, drop } = await testDatabase();
  await seedBuiltinRoles(db);
  await seedWorld(db, { clusters, people });
  const certificate = await makeDoorCertificate(['localhost', '127.0.0.1']);
  const others: Replica[] = [];
  const first = await openDoor('x-test', db);
  const { world, feed, door, heard } = first;

  async function openDoor(id: string, way: Database, drainMs = 100): Promise<Replica> {
    const own = await loadWorld(way);
    const follows = followWorld({
      db: way,
      log,
      world: own,
      onChanges: (changes) => opened.onChanges(changes),
    });
    const opened = createDoor({
      config: { proxy: { host: '127.0.0.1', port: 0, metricsHost: '127.0.0.1', metricsPort: 0 } },
      db: way,
      world: own,
      lease: follows,
      doorCredentials: doorCredentials ?? { token: async () => 'door-token', forget: () => {} },
      hashKey,
      log,
      replicaId: id,
      tls: { cert: certificate.doorCertificatePem, key: certificate.doorKeyPem },
      drainMs,
      ...(streamsMax === undefined ? {} : { streamsMax }),
      ...(bounds ? { bounds } : {}),
      ...(limits ? { limits } : {}),
    });
    const heartbeat = createReplica({
      db: way,
      log,
      id,
      role: 'proxy',
      facts: () => ({ seq: follows.seq, streams: opened.snapshotStreams() }),
    });
    await heartbeat.start();
    await follows.start();
    await opened.start();
    return {
      id,
      world: own,
      feed: follows,
      door: opened,
      url: `https://127.0.0.1:${opened.port}`,
      async heard() {
        const { rows } = await db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
        while (follows.seq < BigInt(rows[0]?.seq ?? '0')) await new Promise((resolve) => setTimeout(resolve, 5));
      },
      async stop() {
        await opened.stop();
        await follows.stop();
        await heartbeat.stop();
        if (way !== db) await way.close();
      },
    };
  }

  return {
    db,
    world,
    feed,
    door,
    caPem: certificate.doorCaPem,
    url: first.url,
    installationId,
    async token(person, { readOnly = false, clusterIds = null, namespaces = null, deviceId = null, kind = 'kubeconfig' } = {}) {
      const { token } = await issueKubeconfig(
        db,
        hashKey,
        { id: personId(person), name: person },
        { kind, deviceId, readOnly, clusterIds, namespaces },
      );
      await heard();
      return token;
    },
    async grant(person, roleId, place) {
      const subject = { kind: 'person' as const, id: personId(person), name: person };
      const full: Place = { clusterId: null, clusterSelector: null, projectId: null, namespaces: null, ...place };
      const id = await changing(db, (tx, touch) =>
        createGrant(tx, touch, { roleId, place: full, subject, until: null, reason: '', where: '' }, { kind: 'system', name: 'test' }),
      );
      await heard();
      return id;
    },
    heard,
    async write(topic, key, sql, values = []) {
      await changing(db, async (tx, touch) => {
        await tx.$executeRawUnsafe(sql, ...values);
        touch(topic, key);
      });
      await heard();
    },
    disable: (person) =>
      changing(db, async (tx, touch) => {
        await tx.person.update({
          where: { id: personId(person) },
          data: { userAccountControl: 514, state: 'disabled', stateSince: new Date() },
        });
        touch('person', personId(person));
        return revoke(tx, touch, { kind: 'person', personId: personId(person), reason: 'disabled', evidenceAt: new Date() });
      }),
    async anotherDoor(id, { databaseUrl, drainMs } = {}) {
      const other = await openDoor(id, databaseUrl === undefined ? db : openDatabase(databaseUrl), drainMs);
      others.push(other);
      return other;
    },
    async stop() {
      for (const other of others) await other.stop();
      await first.stop();
      await drop();
    },
  };
}
