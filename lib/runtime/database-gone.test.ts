import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { freePort } from './ports.ts';
import { buildPortal, type Gatehouse, living, startGatehouse } from './testing.ts';
import { createWarden, type Warden } from './warden.ts';

// A start takes seconds on two cores, more when the neighbours are busy.
vi.setConfig({ testTimeout: 90_000 });

const leaseMs = 5_000;

let warden: Warden;
let place: string;
let postgres: EmbeddedPostgres;
let postgresPort: number;
let gatehouse: Gatehouse;

beforeAll(async () => {
  buildPortal();
  warden = await createWarden();
  place = await mkdtemp(join(tmpdir(), 'gatehouse-database-gone-'));
  postgresPort = await freePort();
  postgres = await startPostgres();
  gatehouse = await startGatehouse({ warden, dataDirectory: join(place, 'data'), env: { DATABASE_URL: postgres.url } });
  await gatehouse.ready();
});
afterAll(async () => {
  await warden.close();
  await postgres.stop();
  await rm(place, { recursive: true, force: true });
});

const startPostgres = () => startEmbeddedPostgres({ directory: join(place, 'postgres'), port: postgresPort, fast: true });

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: { readonly message?: string; readonly error?: { readonly message: string } };
}

/** Asks with a credential that looks right: whether it is any good is what nobody can decide without the database. */
function atTheDoor(): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: gatehouse.ports.proxy,
        path: '/clusters/east/api',
        // What it says is the subject here, not who says it.
        rejectUnauthorized: false,
        agent: false,
        headers: { authorization: `Bearer gh_unknown_${'x'.repeat(48)}` },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            retryAfter: answer.headers['retry-after'] ?? null,
            body: JSON.parse(text) as Answer['body'],
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

async function atThePortal(): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${gatehouse.ports.portal}/api/v1/me`);
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: (await answer.json()) as Answer['body'] };
}

it('without its database the door serves nobody after its lease, the portal says so in a sentence, nothing ends, and all comes back by itself', async () => {
  expect([(await atTheDoor()).status, (await atThePortal()).status]).toEqual([401, 401]);
  const pids = Object.values(await gatehouse.ready());

  const goneAt = performance.now();
  await postgres.stop();
  await vi.waitFor(async () => expect((await atTheDoor()).status).toBe(503), { timeout: leaseMs + 3_000, interval: 100 });
  expect(performance.now() - goneAt).toBeLessThan(leaseMs + 2_000);
  const refused = await atTheDoor();
  expect(refused.retryAfter).toMatch(/^\d+$/);
  expect(refused.body.message).toMatch(/^.{20,300}$/);

  await vi.waitFor(async () => expect((await atThePortal()).status).toBe(503), { timeout: 10_000, interval: 250 });
  expect((await atThePortal()).body.error?.message).toMatch(/^The database cannot be reached|^.{20,300}$/);
  expect(await living([...pids, gatehouse.process.pid])).toHaveLength(4);
  expect(gatehouse.said()).not.toContain(new URL(postgres.url).password);

  postgres = await startPostgres();
  await vi.waitFor(async () => expect([(await atTheDoor()).status, (await atThePortal()).status]).toEqual([401, 401]), {
    timeout: 20_000,
    interval: 250,
  });
});
