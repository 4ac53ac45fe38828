/** Clocks jump: this machine's, and the database's. What has ended stays ended, what is good stays good (F22). */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { credentialIdIn } from '#lib/credential/token.ts';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { ask } from '../testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId, type Stand, startStand } from '../testing/stand.ts';

const patience = { timeout: 20_000, interval: 50 };
const minutes = 60_000;

let upstream: ScriptedUpstream;
let stand: Stand;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.script = (_request, socket) => void socket.write(ok());
  stand = await startStand({
    clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'] }],
    people: ['alice'],
  });
  await stand.grant('alice', viewerId, { kind: 'namespaces', clusterId: clusterId('east'), namespaces: ['shop'] });
});
afterAll(async () => {
  await stand?.stop();
  await upstream?.close();
});
afterEach(() => vi.useRealTimers());

const ending = async (inSeconds: number) => {
  const token = await stand.token('alice');
  const id = credentialIdIn(token);
  await stand.write(
    'credential',
    id ?? '',
    `UPDATE credential SET created_at = now() - interval '1 day', expires_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1`,
    [id, inSeconds],
  );
  return token;
};
const status = async (token: string, path = '/version') =>
  (await ask(stand.url, stand.caPem, [`GET /clusters/east${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`])).status;
const secrets = '/api/v1/namespaces/shop/secrets';

test.each([-600, 600, 7_200])(
  'this machine’s clock jumps by %d s: neither a credential nor the directory’s word ends or begins with it (F22)',
  async (seconds) => {
    const [good, over] = [await ending(600), await ending(-60)];
    await stand.write('domain-controller', 'dc-1', 'UPDATE domain_controller SET fresh_at = now()');
    expect([await status(good), await status(good, secrets), await status(over)]).toEqual([200, 200, 401]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });
    expect([await status(good), await status(good, secrets), await status(over)]).toEqual([200, 200, 401]);
    await stand.write('domain-controller', 'dc-1', `UPDATE domain_controller SET fresh_at = now() - interval '16 minutes'`);
    expect([await status(good), await status(good, secrets)]).toEqual([200, 503]);
  },
);

test('a machine ten minutes behind ends a credential when the database says so, within 30 s (F22)', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 10 * minutes });
  const token = await ending(2);
  expect(await status(token)).toBe(200);
  const began = performance.now();
  await expect.poll(() => status(token), patience).toBe(401);
  expect(performance.now() - began).toBeLessThan(30_000);
});

test('the database’s clock is set back ten minutes: what had ended stays ended, and what is good goes on (F22)', async () => {
  const [good, over] = [await ending(3_600), await ending(-30)];
  expect([await status(good), await status(over)]).toEqual([200, 401]);
  const { rows } = await stand.db.sql.query<{ name: string }>('SELECT current_database() AS name');
  await stand.db.sql.query(`
    CREATE SCHEMA shifted;
    CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
      $$ SELECT pg_catalog.clock_timestamp() - interval '10 minutes' $$;
    ALTER DATABASE "${rows[0]?.name}" SET search_path = shifted, public, pg_catalog`);
  // Only a new connection sees the other clock.
  await stand.db.sql.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  const behind = async () =>
    (await stand.db.sql.query<{ ms: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms')).rows[0]?.ms ?? 0;
  await expect.poll(async () => Date.now() - (await behind()), patience).toBeGreaterThan(9 * minutes);
  const began = performance.now();
  while (performance.now() - began < 1_500) expect([await status(good), await status(over)]).toEqual([200, 401]);
});
