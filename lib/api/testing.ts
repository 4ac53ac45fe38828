/** A portal over a fresh, real database with four people in it, for tests: carol administers, erin audits, alice works, frank has left. */
import { randomBytes } from 'node:crypto';
import { generateSealingPair, keyedHash } from '#lib/config/keys.ts';
import { insertCredential } from '#lib/credential/mutations.ts';
import { credentialIdPrefix, mintToken } from '#lib/credential/token.ts';
import { changing } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { auditorId, platformAdminId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant, seedBuiltinRoles } from '#lib/entitlement/mutations.ts';
import { placeOf } from '#lib/entitlement/scope.ts';
import { startSession } from '#lib/session/mutations.ts';
import { catchUp, openPortal, type Portal } from '#lib/session/portal.ts';
import { createApi } from './dispatch.ts';
import type { AnyOperation } from './operation.ts';
import { createRouter } from './route.ts';

export const portalUrl = 'http://127.0.0.1:3000';

export type Cast = 'alice' | 'carol' | 'erin' | 'frank';

export interface TestPortal {
  readonly portal: Portal;
  readonly ids: Readonly<Record<Cast, string>> & { readonly admins: string; readonly everybody: string };
  /** The cookie of a new session. */
  signIn(who: Cast): Promise<string>;
  token(who: Cast, options?: { readOnly?: boolean; expiresInMs?: number }): Promise<string>;
  close(): Promise<void>;
}

/** `reach`: another way to the same database, for tests that take it away. */
export async function testPortal(reach: (url: string) => Promise<string> = async (url) => url): Promise<TestPortal> {
  const { url, drop } = await testDatabase();
  const portal = await openPortal({
    databaseUrl: await reach(url),
    sealingKeyPem: generateSealingPair().sealingKeyPem,
    hashKeyBase64: randomBytes(32).toString('base64'),
    authSecret: randomBytes(32).toString('base64url'),
    portalUrl,
    proxyUrl: 'https://127.0.0.1:8443',
    proxyCaPem: null,
  });
  const { db, hashKey } = portal;
  await seedBuiltinRoles(db);
  const ids = await populate(portal);
  await catchUp(portal);
  const names = { alice: 'alice@corp.example', carol: 'carol@corp.example', erin: 'erin@corp.example', frank: 'frank@corp.example' };
  return {
    portal,
    ids,
    async signIn(who) {
      const person = { id: ids[who], name: names[who] };
      const { secret } = await changing(db, (tx, touch) =>
        startSession(tx, touch, { hashKey, person, address: '127.0.0.1', userAgent: 'test' }),
      );
      return `gatehouse.session=${secret}`;
    },
    async token(who, { readOnly = false, expiresInMs = 3_600_000 } = {}) {
      const id = newId(credentialIdPrefix);
      const token = mintToken(id);
      const createdAt = new Date(Date.now() - 1000);
      const secretHash = keyedHash(hashKey, token);
      const expiresAt = new Date(createdAt.getTime() + expiresInMs);
      const made = {
        id,
        kind: 'api',
        personId: ids[who],
        deviceId: null,
        name: 'test',
        secretHash,
        readOnly,
        clusterIds: null,
        namespaces: null,
        createdAt,
        expiresAt,
      } as const;
      await changing(db, (tx, touch) => insertCredential(tx, touch, made));
      await catchUp(portal);
      return token;
    },
    async close() {
      await portal.close();
      await drop();
    },
  };
}

async function populate({ db }: Portal): Promise<TestPortal['ids']> {
  await db.sql.query(`INSERT INTO forest (id, name) VALUES ('f-1', 'corp.example')`);
  await db.sql.query(
    `INSERT INTO directory (id, forest_id, domain, base_dn, settings, state) VALUES ('d-1', 'f-1', 'corp.example', 'DC=corp,DC=example', '{"urls":["ldaps://dc1.corp.example"],"bindDn":"CN=reader","scopeDns":[]}', 'following')`,
  );
  const ids = { alice: newId('p'), carol: newId('p'), erin: newId('p'), frank: newId('p'), admins: newId('g'), everybody: newId('g') };
  return changing(db, async (tx, touch) => {
    for (const who of ['alice', 'carol', 'erin', 'frank'] as const) {
      const [name, disabled] = [`${who[0]?.toUpperCase()}${who.slice(1)}`, who === 'frank'];
      await tx.$executeRaw`
        INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
        VALUES (${ids[who]}, 'f-1', 'd-1', gen_random_uuid(), ${`CN=${name},DC=corp,DC=example`}, ${who}, ${`${who}@corp.example`}, ${`gatehouse:${who}@corp.example`}, ${name},
          ${disabled ? 514 : 512}, ${disabled ? 'disabled' : 'enabled'})`;
      touch('person', ids[who]);
    }
    for (const [id, name] of [
      [ids.admins, 'Platform Admins'],
      [ids.everybody, 'Everybody'],
    ] as const) {
      await tx.$executeRaw`
        INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
        VALUES (${id}, 'f-1', 'd-1', gen_random_uuid(), ${`CN=${name},DC=corp,DC=example`}, ${name}, ${name}, -2147483646, true)`;
      touch('group', id);
    }
    for (const [group, member] of [
      [ids.admins, ids.carol],
      [ids.everybody, ids.admins],
      [ids.everybody, ids.alice],
    ] as const) {
      await tx.$executeRaw`INSERT INTO membership (group_id, member_id) VALUES (${group}, ${member})`;
      touch('membership', group);
    }
    const grant = { place: placeOf({ kind: 'all' }), until: null, reason: 'test', where: 'all clusters' };
    const actor = { kind: 'system', name: 'test' } as const;
    await createGrant(
      tx,
      touch,
      { ...grant, roleId: platformAdminId, subject: { kind: 'group', id: ids.admins, name: 'Platform Admins' } },
      actor,
    );
    await createGrant(tx, touch, { ...grant, roleId: auditorId, subject: { kind: 'person', id: ids.erin, name: 'Erin' } }, actor);
    return ids;
  });
}

export type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<{ status: number; headers: Headers; body: unknown }>;

/** Calls the API as HTTP would, with nothing between. */
export function caller(portal: Portal, operations: readonly AnyOperation[]): Call {
  const api = createApi(createRouter(operations), async () => portal);
  return async (method, path, { body, headers = {} } = {}) => {
    const request = new Request(`${portalUrl}/api/v1${path}`, {
      method,
      headers: { host: '127.0.0.1:3000', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const response = await api(request);
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
}

/** What our own pages send along with the cookie. */
export function asPage(cookie: string): Record<string, string> {
  return { cookie, origin: portalUrl, 'sec-fetch-site': 'same-origin', 'x-gatehouse-request': '1' };
}
