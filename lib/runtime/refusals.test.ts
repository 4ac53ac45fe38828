import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureInstallationKeys } from './installation-keys.ts';
import { freePort } from './ports.ts';
import { buildPortal, familyOf, freePorts, living, type Ports, startGatehouse } from './testing.ts';
import { createWarden, type Warden } from './warden.ts';

// A start takes seconds on two cores, more when the neighbours are busy.
vi.setConfig({ testTimeout: 90_000 });

let warden: Warden;
let place: string;
let dataDirectory: string;
let numbered = 0;

beforeAll(async () => {
  warden = await createWarden();
  place = await mkdtemp(join(tmpdir(), 'gatehouse-refusals-'));
  await chmod(place, 0o755);
});
afterAll(async () => {
  await warden.close();
  await rm(place, { recursive: true, force: true });
});
beforeEach(() => {
  numbered += 1;
  dataDirectory = join(place, String(numbered));
});

/** Starts it, and gives what it said and how it ended once it has ended. */
async function attempt(options: { env?: Record<string, string>; ports?: Ports }) {
  const gatehouse = await startGatehouse({ warden, dataDirectory, ...options });
  const code = await gatehouse.process.exited;
  return { code, said: gatehouse.said() };
}

describe('what cannot start says why in plain words and ends with a failure', () => {
  it('an environment with faults: all of them in one message', async () => {
    const env = {
      GATEHOUSE_PORTAL_PORT: 'high',
      GATEHOUSE_PROXY_URL: 'http://door.example',
      DATABASE_URL: 'mysql://u:Canary-Word-81@db.example/x',
      GATEHOUSE_PROXY_CERT_FILE: '/tmp/door.crt',
    };
    const { code, said } = await attempt({ env });
    expect(code).toBe(2);
    expect(said).toMatch(/^The configuration has 4 faults:\n/);
    for (const name of Object.keys(env)) expect(said).toContain(name);
    expect(said).not.toContain('Canary-Word-81');
    expect(said).not.toContain('    at ');
  });

  it('a database that nobody serves: which one, and what to look at, without its password', async () => {
    const port = await freePort();
    const { code, said } = await attempt({ env: { DATABASE_URL: `postgres://gate:Canary-Word-81@127.0.0.1:${port}/gatehouse` } });
    expect(code).toBe(2);
    expect(said).toBe(
      `The database at 127.0.0.1:${port} cannot be reached (the connection is refused). Check DATABASE_URL and that PostgreSQL runs there, then start again.\n`,
    );
  });

  it('a database that refuses the login, and one that is not there', async () => {
    const owner = new URL(process.env.GATEHOUSE_TEST_POSTGRES ?? '');
    const wrong = new URL(owner);
    wrong.password = 'Canary-Word-81';
    const refused = await attempt({ env: { DATABASE_URL: wrong.href } });
    expect([refused.code, refused.said]).toEqual([
      2,
      expect.stringMatching(/^The database at \S+ refuses the login “\w+” of DATABASE_URL\./),
    ]);
    expect(refused.said).not.toContain('Canary-Word-81');
    owner.pathname = '/nowhere';
    const unknown = await attempt({ env: { DATABASE_URL: owner.href } });
    expect([unknown.code, unknown.said]).toEqual([2, expect.stringMatching(/^The server at \S+ has no database “nowhere”\./)]);
  });

  it('a database whose login may not make the logins of the processes', async () => {
    const server = process.env.GATEHOUSE_TEST_POSTGRES ?? '';
    const owner = new pg.Client({ connectionString: server });
    await owner.connect();
    const name = `weak_${process.pid}`;
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'Canary-Word-81'`);
    await owner.query(`CREATE DATABASE ${name} OWNER ${name}`);
    const weak = new URL(server);
    [weak.username, weak.password, weak.pathname] = [name, 'Canary-Word-81', `/${name}`];
    const { code, said } = await attempt({ env: { DATABASE_URL: weak.href } });
    expect(code).toBe(2);
    expect(said.trim().split('\n').at(-1)).toBe(
      `The login “${name}” of DATABASE_URL may not set up the database (permission denied to create role). It must own the database and be allowed to make logins (CREATEROLE).`,
    );
    expect(said).not.toContain('Canary-Word-81');
    await owner.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await owner.query(`DROP ROLE ${name}`);
    await owner.end();
  });

  it('a key folder that lacks files: refused before anything is made, never completed with new keys', async () => {
    const keys = join(dataDirectory, 'keys');
    await mkdir(dataDirectory);
    await ensureInstallationKeys(keys, ['localhost']);
    await rm(join(keys, 'opening.pem'));
    await rm(join(keys, 'hash.key'));
    const { code, said } = await attempt({});
    expect(code).toBe(2);
    expect(said).toBe(
      `The key folder ${keys} lacks opening.pem, hash.key. Restore it from your backup; new keys could not open what the old ones sealed.\n`,
    );
  });

  it('a data folder that holds somebody else’s files', async () => {
    await mkdir(join(dataDirectory, 'postgres'), { recursive: true });
    await writeFile(join(dataDirectory, 'postgres/holiday.jpg'), '');
    const { code, said } = await attempt({});
    expect([code, said]).toEqual([2, expect.stringMatching(/^\S+ is not empty and holds no PostgreSQL. Choose another data folder.\n$/)]);
  });
});

describe('a port that is taken', () => {
  beforeAll(buildPortal);

  it.each([
    ['portal', 'portal'],
    ['proxy', 'door'],
  ] as const)('the %s’s: one sentence names it, the exit is a failure, and nothing is left running', async (role, what) => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    try {
      const gatehouse = await startGatehouse({ warden, dataDirectory, ports: { ...(await freePorts()), [role]: port } });
      const seen = new Set<number>();
      let over = false;
      void gatehouse.process.exited.then(() => {
        over = true;
      });
      for (; !over; await sleep(100)) for (const pid of await familyOf(gatehouse.process.pid)) seen.add(pid);
      expect(await gatehouse.process.exited).toBe(2);
      const sentence = `The ${what} cannot start: port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another port.`;
      expect(gatehouse.said().trim().split('\n').at(-1)).toBe(sentence);
      expect(seen.size).toBeGreaterThan(3);
      expect(await living([...seen])).toEqual([]);
    } finally {
      squatter.close();
    }
  });
});
