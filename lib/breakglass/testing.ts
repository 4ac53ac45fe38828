/** A portal with two workers behind it that answer break-glass, for tests: two, because whatever is counted must be counted for both. */
import { Secret, TOTP } from 'otpauth';
import { operations as everything } from '#lib/api/table.ts';
import { asPage, type Call, caller, type TestPortal, testPortal } from '#lib/api/testing.ts';
import { generateSealingPair, openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import { changing, openDatabase } from '#lib/db/database.ts';
import { loadWorld } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { createAnswerer } from '#lib/request/answer.ts';
import { followWorld } from '#lib/revocation/follow-world.ts';
import { catchUp, type Portal } from '#lib/session/portal.ts';
import { hashPassword } from './password.ts';
import { breakGlassHandlers } from './requests.ts';
import type { BreakGlass, MadeAccount } from './schema.ts';
import { type Let, signInByBreakGlass } from './sign-in.ts';
import { sealVerifier } from './verifier.ts';

export interface Scene {
  readonly fixture: TestPortal;
  readonly portal: Portal;
  readonly call: Call;
  /** What the workers' logs said at the level of errors. */
  readonly said: object[];
  /** The headers of a page in which carol, who administers, is signed in. */
  readonly carol: Record<string, string>;
  /** As if nothing had been here before. */
  begin(): Promise<void>;
  now(): Promise<BreakGlass>;
  statusOf(cookie: string, path?: string): Promise<number>;
  make(name: string): Promise<MadeAccount>;
  /** The cookie of a session by an account that was made just now. */
  comeIn(name?: string): Promise<{ made: MadeAccount; cookie: string }>;
  /** Made and confirmed. The code that confirmed it is used up. */
  enrol(name: string): Promise<MadeAccount>;
  confirm(made: MadeAccount): Promise<{ status: number; body: unknown }>;
  signIn(typed: Typed, address?: string): Promise<{ status: number; code: string | null; cookie: string }>;
  /** A code that no earlier call was given: the present one, then the next. */
  freshCode(made: MadeAccount): string;
  /** As if half minutes had gone by since the last code. */
  timePasses(made: MadeAccount): Promise<void>;
  /** As a worker decides, with refusals on this beat. */
  tryOnBeat(beatMs: number, typed: Typed): Promise<Let>;
  /** When the directory answered last; a test begins with one that answers. */
  directoryAnswered(minutesAgo: number): Promise<void>;
  /** As if the password had been hashed by a version with other parameters. */
  weaken(made: MadeAccount): Promise<void>;
  events(noun?: string): Promise<{ event: string; actor_kind: string; actor_name: string | null; detail: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

export type Typed = { name: string; password: string; code: string };

export const wrongPassword = 'aaaaa-aaaaa-aaaaa-aaaaa-aaaaa';
const periodMs = 30_000;
const beatMs = 10;

export async function breakGlassScene(): Promise<Scene> {
  const pair = generateSealingPair();
  const fixture = await testPortal();
  const portal: Portal = { ...fixture.portal, sealingKey: sealingKeyFromPem(pair.sealingKeyPem) };
  const said: object[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (facts, message) => void said.push({ ...facts, message }) };
  const workers = await Promise.all(['w-one', 'w-two'].map((workerId) => startWorker(portal.db.url, pair, log, workerId)));
  const call = caller(portal, everything);
  const carol = asPage(await fixture.signIn('carol'));
  const lastSteps = new Map<string, number>();

  const make = async (name: string) => {
    const { status, body } = await call('POST', '/break-glass/accounts', { headers: carol, body: { name } });
    if (status !== 201) throw new Error(`the account was not made: ${JSON.stringify(body)}`);
    return body as MadeAccount;
  };
  const confirm = ({ id, ...made }: MadeAccount) =>
    call('POST', `/break-glass/accounts/${id}/confirm`, { headers: carol, body: { code: freshCode({ id, ...made }) } });

  function freshCode({ oneTimeSecret }: MadeAccount): string {
    const now = Math.floor(Date.now() / periodMs);
    const last = lastSteps.get(oneTimeSecret);
    const step = last === undefined ? now : Math.max(last + 1, now);
    lastSteps.set(oneTimeSecret, step);
    return codeAt(oneTimeSecret, step);
  }

  const scene: Scene = {
    fixture,
    portal,
    call,
    said,
    carol,
    make,
    confirm,
    freshCode,
    async timePasses({ id, oneTimeSecret }) {
      lastSteps.delete(oneTimeSecret);
      await portal.db.sql.query('UPDATE break_glass_verifier SET last_step = 0 WHERE account_id = $1', [id]);
    },
    tryOnBeat: (beatMs, typed) => signInByBreakGlass(decidingOn(portal, pair, log, beatMs), { ...typed, ...nowhere }),
    directoryAnswered: (minutesAgo) => directoryAnswered(portal, minutesAgo),
    async weaken({ id, password, oneTimeSecret }) {
      const weak = await hashPassword(password, { memory: 19_456, passes: 2, parallelism: 1 });
      const sealed = sealVerifier(portal.sealingKey, id, { password: weak, oneTimeSecret });
      await portal.db.sql.query('UPDATE break_glass_verifier SET sealed = $2 WHERE account_id = $1', [id, sealed]);
    },
    async begin() {
      for (const table of ['login_attempt', ...['alert', 'session', 'verifier', 'account'].map((name) => `break_glass_${name}`)])
        await portal.db.sql.query(`DELETE FROM ${table}`);
      await portal.db.sql.query('UPDATE break_glass_switch SET off_at = NULL, off_by = NULL');
      await directoryAnswered(portal, 0);
      said.length = 0;
    },
    now: async () => (await call('GET', '/break-glass', { headers: carol })).body as BreakGlass,
    statusOf: async (cookie, path = '/overview') => (await call('GET', path, { headers: { cookie } })).status,
    async comeIn(name = 'glass-one') {
      const made = await scene.enrol(name);
      const { status, cookie } = await scene.signIn({ ...made, code: freshCode(made) });
      if (status !== 200) throw new Error(`the account did not let in: ${status}`);
      return { made, cookie };
    },
    async enrol(name) {
      const made = await make(name);
      const { status, body } = await confirm(made);
      if (status !== 200) throw new Error(`the account was not confirmed: ${JSON.stringify(body)}`);
      return made;
    },
    async signIn({ name, password, code }, address = '192.0.2.10') {
      const { status, body, headers } = await call('POST', '/break-glass/session', {
        body: { name, password, code },
        headers: { 'x-gatehouse-address': address },
      });
      const cookie = /gatehouse\.break-glass=[^;]+/.exec(headers.get('set-cookie') ?? '')?.[0] ?? '';
      return { status, code: (body as { error?: { code: string } }).error?.code ?? null, cookie };
    },
    async events(noun = 'break-glass') {
      const { rows } = await portal.db.sql.query(
        `SELECT event, actor_kind, actor_name, detail FROM audit_event WHERE event LIKE $1 || '.%' ORDER BY at, id`,
        [noun],
      );
      return rows;
    },
    async close() {
      for (const stop of workers) await stop();
      await fixture.close();
    },
  };
  return scene;
}

const nowhere = { address: '192.0.2.10', userAgent: null, sessionHash: Buffer.alloc(32) };

function decidingOn({ db, sealingKey }: Portal, pair: ReturnType<typeof generateSealingPair>, log: Log, beatMs: number) {
  return { db, sealingKey, openingKey: openingKeyFromPem(pair.openingKeyPem), log, available: true, beatMs };
}

async function directoryAnswered(portal: Portal, minutesAgo: number): Promise<void> {
  await changing(portal.db, async (tx, touch) => {
    await tx.$executeRaw`
      INSERT INTO domain_controller (id, directory_id, url, fresh_at, state)
      VALUES ('dc-1', 'd-1', 'ldaps://dc1', now() - make_interval(mins => ${minutesAgo}::int), 'following')
      ON CONFLICT (id) DO UPDATE SET fresh_at = EXCLUDED.fresh_at`;
    touch('domain-controller', 'dc-1');
  });
  await catchUp(portal);
}

export const presentStep = () => Math.floor(Date.now() / periodMs);

export function codeOf({ body }: { body: unknown }): string | null {
  return (body as { error?: { code: string } }).error?.code ?? null;
}

export function codeAt(secret: string, step: number): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: step * periodMs });
}

async function startWorker(
  url: string,
  pair: ReturnType<typeof generateSealingPair>,
  log: Log,
  workerId: string,
): Promise<() => Promise<void>> {
  const db = openDatabase(url);
  const world = await loadWorld(db);
  const feed = followWorld({
    db,
    log,
    world,
    onChanges(changes) {
      if (changes.some(({ topic }) => topic === 'request')) answerer.wake();
    },
  });
  const openingKey = openingKeyFromPem(pair.openingKeyPem);
  const sealingKey = sealingKeyFromPem(pair.sealingKeyPem);
  const handlers = breakGlassHandlers({ db, world, openingKey, sealingKey, log, available: true, beatMs });
  const answerer = createAnswerer({ db, openingKey, log, workerId, handlers });
  await feed.start();
  await answerer.start();
  return async () => {
    await answerer.stop();
    await feed.stop();
    await db.close();
  };
}
