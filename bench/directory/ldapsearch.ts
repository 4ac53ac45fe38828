/** The yardstick: what OpenLDAP's own client needs to ask the same and write it to a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { groupAttributes, groupsFilter, peopleFilter, personAttributes } from '#lib/directory/active-directory/objects.ts';
import { cpuSeconds } from '../proxy/processes.ts';
import type { Stage } from './stage.ts';

export interface Searched {
  readonly seconds: number;
  /** Seconds of CPU of both sides. */
  readonly cpu: number;
  readonly bytes: number;
}

export async function searchWhole({ ad, folder }: Stage): Promise<Searched> {
  const began = performance.now();
  const cpuBefore = cpuSeconds([process.pid]);
  let bytes = 0;
  for (const [name, filter, attributes] of [
    ['groups', groupsFilter, groupAttributes],
    ['people', peopleFilter, personAttributes],
  ] as const) {
    const file = join(folder, `${name}.ldif`);
    const search = spawn(
      'ldapsearch',
      [
        ...['-LLL', '-x', '-H', ad.url, '-D', ad.followerDn, '-w', ad.followerPassword, '-b', ad.baseDn],
        ...['-E', 'pr=1000/noprompt', '-o', 'ldif-wrap=no', filter, ...attributes],
      ],
      { env: { ...process.env, LDAPTLS_CACERT: ad.caFile, LDAPTLS_REQCERT: 'allow' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const complaint = text(search.stderr);
    const exited = once(search, 'exit') as Promise<[number | null]>;
    await pipeline(search.stdout, createWriteStream(file));
    const [code] = await exited;
    if (code !== 0) throw new Error(`ldapsearch failed: ${await complaint}`);
    bytes += statSync(file).size;
  }
  return { seconds: (performance.now() - began) / 1_000, cpu: cpuSeconds([process.pid]) - cpuBefore, bytes };
}
