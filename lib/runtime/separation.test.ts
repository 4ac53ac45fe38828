import { chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#lib/db/testing.ts';
import { buildPortal, startGatehouse } from './testing.ts';
import { createWarden, type Warden } from './warden.ts';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

let warden: Warden;

beforeAll(async () => {
  buildPortal();
  warden = await createWarden();
});
afterAll(() => warden.close());

it('without root all three run as the one user there is, and the log says plainly what that means', async () => {
  const place = await mkdtemp(join(tmpdir(), 'gatehouse-no-root-'));
  if (isRoot) await chown(place, nobody, nobody);
  const database = await testDatabase();
  const dataDirectory = join(place, 'data');
  const user = isRoot ? { uid: nobody, gid: nobody } : {};
  const gatehouse = await startGatehouse({ warden, dataDirectory, env: { DATABASE_URL: database.url, HOME: place }, ...user });
  const pids = await gatehouse.ready();
  expect(gatehouse.said()).toContain('all processes run as one user: only separate containers keep their secrets apart');
  const owners = await Promise.all([gatehouse.process.pid, ...Object.values(pids)].map(async (pid) => (await stat(`/proc/${pid}`)).uid));
  expect(new Set(owners)).toEqual(new Set([isRoot ? nobody : process.getuid?.()]));
  // Also then each is told its own secrets only, and nobody else on the machine reads them.
  expect((await stat(join(dataDirectory, 'run/portal.json'))).mode & 0o777).toBe(0o400);
  expect(await readFile(join(dataDirectory, 'run/portal.json'), 'utf8')).not.toContain('PRIVATE KEY');
  await gatehouse.process.stop();
  await database.drop();
  await rm(place, { recursive: true, force: true });
});

it.runIf(isRoot)(
  'as root with its data where no other user can pass, the roles still run apart, and nothing of their secrets stays behind',
  async () => {
    const place = await mkdtemp(join(tmpdir(), 'gatehouse-closed-'));
    const database = await testDatabase();
    const gatehouse = await startGatehouse({ warden, dataDirectory: join(place, 'data'), env: { DATABASE_URL: database.url } });
    const pids = await gatehouse.ready();
    expect(new Set(await Promise.all(Object.values(pids).map(async (pid) => (await stat(`/proc/${pid}`)).uid))).size).toBe(3);
    const environment = await readFile(`/proc/${pids.portal}/environ`, 'utf8');
    const secretsFile = environment.match(/GATEHOUSE_SECRETS_FILE=([^\0]+)/)?.[1] ?? '';
    expect(secretsFile).not.toContain(place);
    expect((await stat(secretsFile)).mode & 0o777).toBe(0o400);
    await gatehouse.process.stop();
    await expect(stat(secretsFile)).rejects.toThrow(/ENOENT/);
    await database.drop();
    await rm(place, { recursive: true, force: true });
  },
);
