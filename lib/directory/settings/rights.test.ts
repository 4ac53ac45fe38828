/** What is told to be missing is what is missing, and the commands that are told give it: run on a real domain controller. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { directoryScene, type Scene } from '../testing/scene.ts';
import type { DirectoryTest } from './connect-schema.ts';
import { missingRights } from './rights.ts';

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
let scene: Scene;

beforeAll(async () => {
  scene = await directoryScene();
});

afterAll(async () => {
  await scene?.close();
});

async function missing(): Promise<DirectoryTest['missingRights']> {
  const { input, secret } = scene.settings({ seesDeleted: false });
  return ((await scene.ask('directory.test', input, secret)) as DirectoryTest).missingRights;
}

it('the commands for Samba let the sync account see deletions, and half of them is not taken for all (SECURITY 40)', async () => {
  const [lacking] = await missing();
  expect(lacking).toMatchObject({ right: 'Replicating Directory Changes', without: expect.stringMatching(/within 15 seconds/) });
  const configuration = join(dirname(scene.ad.caFile), '../../etc/smb.conf');
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SMB_CONF_PATH: configuration };
  const [first = '', second = ''] = lacking?.samba ?? [];
  await run('sh', ['-c', first], { env });
  expect(await missing()).toHaveLength(1);
  await run('sh', ['-c', second], { env });
  expect(await missing()).toEqual([]);
});

it('names the account as Windows does, and says where it could not be found out', () => {
  const account = { name: 'CORP\\svc', sid: 'S-1-5-21-1-2-3-1104' };
  expect(missingRights('dirsync', 'DC=corp,DC=example', account)[0]?.windows).toEqual([
    'dsacls "DC=corp,DC=example" /G "CORP\\svc:CA;Replicating Directory Changes"',
  ]);
  expect(missingRights('usn', 'DC=corp,DC=example', null)[0]).toMatchObject({
    without: expect.stringMatching(/polling/),
    windows: [expect.stringContaining('DOMAIN\\account')],
  });
  expect(missingRights('dirsync-with-tombstones', 'DC=corp,DC=example', account)).toEqual([]);
});
