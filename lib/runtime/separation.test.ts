import { execFile } from 'node:child_process';
import { existsSync, readlinkSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { placeForUser } from './program-place.ts';
import { systemDirectory } from './system-place.ts';
import { buildPortal, type Gatehouse, root, serverEntry, startGatehouse } from './testing.ts';
import { createWarden, type Warden } from './warden.ts';

// A start takes seconds on two cores, more when the neighbours are busy.
vi.setConfig({ testTimeout: 90_000 });

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

let warden: Warden;
let database: TestDatabase;

beforeAll(async () => {
  buildPortal();
  warden = await createWarden();
  database = await testDatabase();
});
afterAll(async () => {
  await warden.close();
  await database.drop();
});

const ownerOf = (pid: number) => statSync(`/proc/${pid}`).uid;
const answers = async ({ ports }: Gatehouse) => (await fetch(`http://127.0.0.1:${ports.portal}/api/v1/me`)).status;

describe.runIf(process.platform === 'linux')('who runs as whom', () => {
  it('without root all three run as the one user there is, and the log says plainly what that means', async () => {
    const place = await mkdtemp(join(tmpdir(), 'gatehouse-no-root-'));
    if (isRoot) await chown(place, nobody, nobody);
    const program = isRoot ? await placeForUser(serverEntry, nobody, place) : null;
    const gatehouse = await startGatehouse({
      warden,
      dataDirectory: join(place, 'data'),
      env: { DATABASE_URL: database.url, HOME: place },
      ...(isRoot ? { uid: nobody } : {}),
      ...(program ? { program } : {}),
    });
    const pids = await gatehouse.ready();
    expect(gatehouse.said()).toContain('all processes run as one user: only separate containers keep their secrets apart');
    expect(new Set([gatehouse.process.pid, ...Object.values(pids)].map(ownerOf))).toEqual(new Set([isRoot ? nobody : process.getuid?.()]));
    // Also then each is told its own secrets only, and nobody else on the machine reads them.
    const told = join(place, 'data/run/portal.json');
    expect((await stat(told)).mode & 0o777).toBe(0o400);
    expect(await readFile(told, 'utf8')).not.toContain('PRIVATE KEY');
    await gatehouse.process.stop();
    await program?.remove();
    await rm(place, { recursive: true, force: true });
  });

  it.runIf(isRoot)(
    'from a checkout that only root may enter, data folder and all, the roles still run apart; nothing of it stays behind, and the checkout is as it was',
    async () => {
      // Beside our own files, so that links can stand for copies.
      await mkdir(join(root, '.gatehouse'), { recursive: true });
      const checkout = await mkdtemp(join(root, '.gatehouse/closed-'));
      onTestFinished(() => rm(checkout, { recursive: true, force: true }));
      const parts = ['server.ts', 'package.json', 'next.config.ts', 'lib', 'prisma', 'public', '.next', 'node_modules'];
      await promisify(execFile)('cp', ['-al', ...parts.map((part) => join(root, part)).filter(existsSync), checkout]);
      await chmod(checkout, 0o700);
      const gatehouse = await startGatehouse({
        warden,
        dataDirectory: join(checkout, '.gatehouse/data'),
        env: { DATABASE_URL: database.url },
        program: { command: join(checkout, relative(root, process.execPath)), entry: join(checkout, 'server.ts') },
      });
      const pids = await gatehouse.ready();
      const owners = Object.values(pids).map(ownerOf);
      expect([new Set(owners).size, owners.includes(0)]).toEqual([3, false]);
      expect(await answers(gatehouse)).toBe(401);
      const environment = await readFile(`/proc/${pids.portal}/environ`, 'utf8');
      const secretsFile = environment.match(/GATEHOUSE_SECRETS_FILE=([^\0]+)/)?.[1] ?? '';
      expect(dirname(dirname(dirname(secretsFile)))).toBe(systemDirectory);
      expect((await stat(secretsFile)).mode & 0o777).toBe(0o400);

      const view = readlinkSync(`/proc/${pids.portal}/cwd`);
      expect(dirname(dirname(view))).toBe(systemDirectory);
      await gatehouse.process.stop();
      expect(existsSync(dirname(view))).toBe(false);
      expect(existsSync(join(checkout, 'node_modules/next/package.json'))).toBe(true);
    },
  );
});
