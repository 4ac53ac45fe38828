import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProcessRole } from '#lib/db/roles.ts';
import { buildPortal, familyOf, freePorts, type Gatehouse, living, type Ports, startGatehouse } from './testing.ts';
import { createWarden, type Warden } from './warden.ts';

// A start takes seconds on two cores, more when the neighbours are busy.
vi.setConfig({ testTimeout: 90_000 });

const isRoot = process.getuid?.() === 0;
const roles = ['portal', 'proxy', 'worker'] as const;

let warden: Warden;
let place: string;
let dataDirectory: string;
let ports: Ports;
let gatehouse: Gatehouse;
let pids: Record<ProcessRole, number>;

beforeAll(async () => {
  buildPortal();
  warden = await createWarden();
  place = await mkdtemp(join(tmpdir(), 'gatehouse-supervisor-'));
  await chmod(place, 0o755);
  dataDirectory = join(place, 'data');
  ports = await freePorts();
  gatehouse = await startGatehouse({ warden, dataDirectory, ports });
  pids = await gatehouse.ready();
});
afterAll(async () => {
  await warden.close();
  await rm(place, { recursive: true, force: true });
});

/** The door's answer to somebody without a credential: 401 while it can decide. */
function atTheDoor(): Promise<number> {
  return new Promise((resolve) => {
    const ca = readFileSync(join(dataDirectory, 'keys/door-ca.crt'));
    const asked = request({ host: '127.0.0.1', port: ports.proxy, path: '/clusters/east/api', ca, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    asked.end();
  });
}

const atThePortal = () =>
  fetch(`http://127.0.0.1:${ports.portal}/api/v1/me`).then(
    ({ status }) => status,
    () => 0,
  );

const secretsOf = (role: ProcessRole) => join(dataDirectory, 'run', `${role}.json`);

describe('three processes under one supervisor', () => {
  it('are ready when they say so: the door and the portal know that they do not know us', async () => {
    expect(await atTheDoor()).toBe(401);
    expect(await atThePortal()).toBe(401);
  });

  it('keep keys and secrets from other users of the machine', () => {
    expect(statSync(join(dataDirectory, 'keys')).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(join(dataDirectory, 'keys')))
      expect(statSync(join(dataDirectory, 'keys', file)).mode & 0o777).toBe(0o600);
    for (const role of roles) expect(statSync(secretsOf(role)).mode & 0o777).toBe(0o400);
  });

  it('tell the portal nothing that opens a sealed secret, neither by its file nor by its environment nor by its arguments', () => {
    const openingKey = readFileSync(join(dataDirectory, 'keys/opening.pem'), 'utf8');
    const body = openingKey.split('\n')[1] ?? '';
    expect(body.length).toBeGreaterThan(20);
    const told = readFileSync(secretsOf('portal'), 'utf8');
    expect(Object.keys(JSON.parse(told)).sort()).toEqual(['authSecret', 'databaseUrl', 'doorCaPem', 'hashKeyBase64', 'sealingKeyPem']);
    expect(told).not.toContain('PRIVATE KEY');
    const seen = [
      told,
      ...['environ', 'cmdline']
        .map((file) => `/proc/${pids.portal}/${file}`)
        .filter(existsSync)
        .map(read),
    ].join('\n');
    expect(seen).not.toContain(body);
    expect(seen).not.toContain('GATEHOUSE_KEYS');
    expect(seen.match(/postgres(ql)?:\/\/\w+/g)).toEqual(['postgresql://gatehouse_portal']);
  });
});

const read = (file: string) => readFileSync(file, 'utf8');

describe.runIf(isRoot && process.platform === 'linux')('as root, each process is a user of its own', () => {
  it('three users, none of them root', () => {
    const uids = roles.map((role) => statSync(`/proc/${pids[role]}`).uid);
    expect(new Set(uids).size).toBe(3);
    expect(uids).not.toContain(0);
    for (const role of roles) expect(read(`/proc/${pids[role]}/status`)).toMatch(/^Groups:\s*$/m);
  });

  it('from the portal’s place neither the opening key, nor a sibling’s secrets, environment or memory, nor the database’s files can be reached', async () => {
    const { uid, gid } = statSync(`/proc/${pids.portal}`);
    const keys = join(dataDirectory, 'keys');
    const wanted = [
      join(keys, 'opening.pem'),
      keys,
      join(dataDirectory, 'run'),
      secretsOf('worker'),
      secretsOf('proxy'),
      join(dataDirectory, 'postgres.password'),
      join(dataDirectory, 'postgres/PG_VERSION'),
      ...[pids.worker, pids.proxy, gatehouse.process.pid].flatMap((pid) =>
        ['environ', 'mem', 'fd', 'maps'].map((file) => `/proc/${pid}/${file}`),
      ),
    ];
    const thief = `
      const { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } = require('node:fs');
      const outcome = (path) => {
        try {
          if (path.endsWith('/keys') || path.endsWith('/run') || path.endsWith('/fd')) readdirSync(path);
          else { const file = openSync(path, 'r'); readSync(file, Buffer.alloc(1), 0, 1, null); closeSync(file); }
          return 'read';
        } catch (error) { return error.code; }
      };
      const [own, ...others] = process.argv.slice(1);
      console.log(JSON.stringify([outcome(own), ...others.map((path) => [path, outcome(path)])]));`;
    const { stdout } = await promisify(execFile)(readlinkSync(`/proc/${pids.portal}/exe`), ['-e', thief, secretsOf('portal'), ...wanted], {
      uid,
      gid,
      cwd: '/',
      env: { NODE_ENV: 'test' },
    });
    const [own, ...others] = JSON.parse(stdout) as [string, ...[string, string][]];
    // Its own file shows that the thief really stands in the portal's place, and that the paths are right.
    expect(own).toBe('read');
    expect(others.map(([path]) => path)).toEqual(wanted);
    expect(others.filter(([, outcome]) => outcome !== 'EACCES' && outcome !== 'EPERM')).toEqual([]);
  });
});

describe('what falls is put up again', () => {
  it('a role that is killed', async () => {
    process.kill(pids.proxy, 'SIGKILL');
    await gatehouse.says(/the proxy ended \(by a signal\) and is started again/);
    await vi.waitFor(async () => expect(await atTheDoor()).toBe(401), { timeout: 20_000, interval: 100 });
    expect(await living([pids.portal, pids.worker, gatehouse.process.pid])).toHaveLength(3);
    expect(await living([pids.proxy])).toEqual([]);
  });

  it('the whole, after the supervisor itself was killed: nothing is left within seconds, and the next start has the same keys and data', async () => {
    const before = await keysNow();
    const code = gatehouse.said().match(/give this code: (\S+)/)?.[1];
    const family = await familyOf(gatehouse.process.pid);
    expect(family.length).toBeGreaterThan(5);
    process.kill(gatehouse.process.pid, 'SIGKILL');
    await gatehouse.process.exited;
    await vi.waitFor(async () => expect(await living(family)).toEqual([]), { timeout: 12_000, interval: 100 });

    gatehouse = await startGatehouse({ warden, dataDirectory, ports });
    pids = await gatehouse.ready();
    expect(await keysNow()).toEqual(before);
    expect(gatehouse.said()).toContain(`give this code: ${code}`);
    expect(gatehouse.said()).not.toContain('brought up to date');
    expect([await atTheDoor(), await atThePortal()]).toEqual([401, 401]);
  });

  it('and what is asked to stop stops in order, cleanly, with its secrets swept away', async () => {
    const family = await familyOf(gatehouse.process.pid);
    await gatehouse.process.stop();
    expect(await gatehouse.process.exited).toBe(0);
    expect(await living(family)).toEqual([]);
    const stopping = [...gatehouse.said().matchAll(/ (\w+) +stopping/g)].map(([, role]) => role);
    expect(stopping).toEqual(['portal', 'proxy', 'worker']);
    expect(existsSync(join(dataDirectory, 'run'))).toBe(false);
  });
});

async function keysNow(): Promise<Record<string, string>> {
  const folder = join(dataDirectory, 'keys');
  const files = (await readdir(folder)).sort();
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const)));
}
