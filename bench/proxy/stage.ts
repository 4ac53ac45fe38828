/**
 * What stands behind the measured door: a real database with a company in it, and the tokens with which the clients come. Small beside a real
 * one, and of its shape: the person whose requests are counted holds their rights partly by themselves, partly through groups in groups.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Warden } from '#e2e/stack/warden.ts';
import { issueKubeconfig } from '#lib/credential/testing-issue.ts';
import { changing, type Database, openDatabase } from '#lib/db/database.ts';
import { ensureInstallation } from '#lib/db/installation.ts';
import { migrate } from '#lib/db/migrate.ts';
import { insertCorpExample } from '#lib/directory/testing/corp-example.ts';
import { operatorId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant, seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import type { Place } from '#lib/entitlement/scope.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import { startEmbeddedPostgres } from '#lib/runtime/embedded-postgres.ts';

export interface Stage {
  readonly folder: string;
  readonly db: Database;
  readonly installationId: string;
  readonly hashKey: Buffer;
  /** The certificate of everything that listens, and of its authority. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  /** A cluster that knows everybody, and where alice may work in one namespace. */
  addCluster(name: string, serverUrl: string, caPem: string): Promise<void>;
  /** All else that the measured cluster has: 2,000 namespaces in projects, and what everybody holds there. */
  fillCluster(name: string): Promise<void>;
  /** Whoever stands here: their tokens lie in `tokenFile(name)`, one a line. */
  tokenFile(name: string): string;
  token(name: string): string;
  /** Disabled as the directory's mirror would do it, all in one transaction. Gives the moments before and after, by the machine's clock. */
  disableWatchers(): Promise<{ began: number; committed: number }>;
  stop(): Promise<void>;
}

export const manyNamespaces = Array.from({ length: 2_000 }, (_, n) => `team-${String(n).padStart(4, '0')}-shop`);
export const watchesEach = 500;
const crowd = 1_000;
const groups = 40;
const projects = Array.from({ length: 20 }, (_, n) => `j-${n}`);
type Subject = { readonly kind: 'person' | 'group'; readonly id: string; readonly name: string };
const personId = (login: string) => `p-${login}`;
const clusterId = (name: string) => `cl-${name}`;
const wireName = (login: string) => `gatehouse:${login}@corp.example`;

export async function setStage({ folder, warden, watches }: { folder: string; warden: Warden; watches: number }): Promise<Stage> {
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres', 'data'), fast: true, warden });
  await migrate(postgres.url);
  const db = openDatabase(postgres.url);
  const { id: installationId } = await ensureInstallation(db);
  await seedBuiltinRoles(db);
  const watchers = Array.from({ length: Math.ceil(watches / watchesEach) }, (_, n) => `watcher${n}`);
  const logins = ['alice', 'many', ...watchers];
  await addCompany(db, [...logins, ...Array.from({ length: crowd }, (_, n) => `somebody${n}`)]);

  const made = await makeDoorCertificate(['localhost', '127.0.0.1']);
  const tls = { cert: made.doorCertificatePem, key: made.doorKeyPem, ca: made.doorCaPem };
  mkdirSync(join(folder, 'tokens'), { recursive: true });
  const files = Object.fromEntries(
    Object.entries(tls).map(([name, pem]) => {
      const file = join(folder, `${name}.pem`);
      writeFileSync(file, pem, { mode: 0o600 });
      return [name, file];
    }),
  ) as Stage['files'];

  const hashKey = Buffer.alloc(32, 7);
  const tokens = new Map<string, string>();
  const tokenFile = (name: string) => join(folder, 'tokens', name);
  for (const login of logins) {
    const { token } = await issueKubeconfig(db, hashKey, { id: personId(login), name: login });
    tokens.set(login, token);
    writeFileSync(tokenFile(login), token, { mode: 0o600 });
  }
  writeFileSync(tokenFile('watchers'), watchers.map((login) => tokens.get(login)).join('\n'), { mode: 0o600 });

  async function grant(subject: Subject, roleId: string, place: Partial<Place> & Pick<Place, 'kind'>) {
    const full: Place = { clusterId: null, clusterSelector: null, projectId: null, namespaces: null, ...place };
    await changing(db, (tx, touch) =>
      createGrant(tx, touch, { roleId, place: full, subject, until: null, reason: '', where: '' }, { kind: 'system', name: 'bench' }),
    );
  }
  const within = (cluster: string, ...namespaces: string[]) => ({ kind: 'namespaces' as const, clusterId: clusterId(cluster), namespaces });
  const person = (login: string) => ({ kind: 'person' as const, id: personId(login), name: login });
  const group = (n: number) => ({ kind: 'group' as const, id: `g-${n}`, name: `group ${n}` });

  return {
    folder,
    db,
    installationId,
    hashKey,
    files,
    tls,
    async addCluster(name, serverUrl, caPem) {
      await db.sql.query(
        `INSERT INTO cluster (id, name, server_url, ca_pem, kube_system_uid, strict, state) VALUES ($1, $2, $3, $4, 'uid', true, 'ready')`,
        [clusterId(name), name, serverUrl, caPem],
      );
      await db.sql.query(`INSERT INTO cluster_entry (cluster_id, wire_name, person_id) SELECT $1, wire_name, id FROM person`, [
        clusterId(name),
      ]);
      await addNamespaces(db, clusterId(name), ['shop']);
      await grant(person('alice'), operatorId, within(name, 'shop'));
    },
    async fillCluster(name) {
      await addNamespaces(db, clusterId(name), ['pay', 'web', ...manyNamespaces]);
      await grant(person('alice'), viewerId, within(name, 'pay', 'web'));
      for (const n of [0, 1, 2]) await grant(group(n), viewerId, within(name, manyNamespaces[n] ?? ''));
      for (const watcher of watchers) await grant(person(watcher), viewerId, within(name, 'shop'));
      await addProjects(db, clusterId(name));
      for (const project of projects) await grant(person('many'), viewerId, { kind: 'project', projectId: project });
    },
    tokenFile,
    token: (name) => tokens.get(name) ?? '',
    async disableWatchers() {
      const began = Date.now();
      await changing(db, async (tx, touch) => {
        for (const watcher of watchers) {
          const id = personId(watcher);
          await tx.person.update({ where: { id }, data: { userAccountControl: 514, state: 'disabled', stateSince: new Date() } });
          touch('person', id);
          await revoke(tx, touch, { kind: 'person', personId: id, reason: 'disabled', evidenceAt: new Date() });
        }
      });
      return { began, committed: Date.now() };
    },
    async stop() {
      await db.close();
      await postgres.stop();
    },
  };
}

/** A directory that nobody follows: its last word is dated ahead, so that no measurement outlives it. */
async function addCompany(db: Database, logins: readonly string[]): Promise<void> {
  const { sql } = db;
  await insertCorpExample(db);
  await sql.query(
    `INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-1', 'ldaps://dc', now() + interval '1 day', 'following')`,
  );
  await sql.query(
    `INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
     SELECT id, 'f-1', 'd-1', guid::uuid, 'CN=' || login, login, login || '@corp.example', wire, login, 512, 'enabled'
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given(id, login, guid, wire)`,
    [logins.map(personId), logins, logins.map(() => randomUUID()), logins.map(wireName)],
  );
  await sql.query(
    `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
     SELECT 'g-' || n, 'f-1', 'd-1', gen_random_uuid(), 'CN=group ' || n, 'group-' || n, 'group ' || n, -2147483646, true
     FROM generate_series(0, $1::int - 1) AS n`,
    [groups],
  );
  // Everybody is in two groups, the one whose requests are counted in eight; and each of the first ten holds two others.
  await sql.query(
    `INSERT INTO membership (group_id, member_id)
     SELECT 'g-' || (n % $2), id FROM unnest($1::text[]) WITH ORDINALITY AS given(id, n)
     UNION SELECT 'g-' || ((n * 7 + 3) % $2), id FROM unnest($1::text[]) WITH ORDINALITY AS given(id, n)
     UNION SELECT 'g-' || n, 'p-alice' FROM generate_series(0, 7) AS n
     UNION SELECT 'g-' || n, 'g-' || (10 + n * 2) FROM generate_series(0, 9) AS n
     UNION SELECT 'g-' || n, 'g-' || (11 + n * 2) FROM generate_series(0, 9) AS n`,
    [logins.map(personId), groups],
  );
}

async function addNamespaces({ sql }: Database, cluster: string, names: readonly string[]): Promise<void> {
  await sql.query(`INSERT INTO cluster_namespace (cluster_id, name, uid) SELECT $1, name, 'uid' FROM unnest($2::text[]) AS name`, [
    cluster,
    names,
  ]);
}

/** All the many namespaces, in equal parts. */
async function addProjects({ sql }: Database, cluster: string): Promise<void> {
  await sql.query(
    `INSERT INTO project (id, name, title) SELECT id, 'project' || n, id FROM unnest($1::text[]) WITH ORDINALITY AS given(id, n)`,
    [projects],
  );
  await sql.query(
    `INSERT INTO project_namespace (project_id, cluster_id, name, origin)
     SELECT 'j-' || (n % $3), $1, name, 'created' FROM unnest($2::text[]) WITH ORDINALITY AS given(name, n)`,
    [cluster, manyNamespaces, projects.length],
  );
}
