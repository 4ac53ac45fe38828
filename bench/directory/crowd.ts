/** A domain with a crowd in it, made once for each size and kept in the cache; a domain controller starts from a copy. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, withLock } from '#e2e/stack/cache.ts';
import type { Progress } from '#e2e/stack/progress.ts';
import { configurationFor } from '#e2e/stack/samba/configuration.ts';
import { templateTree } from '#e2e/stack/samba/template.ts';

export interface Crowd {
  readonly people: number;
  readonly groups: number;
  readonly memberships: number;
}

const run = promisify(execFile);
const script = join(import.meta.dirname, 'crowd.py');
// The distribution's own: another python3 on PATH does not have Samba's module.
const python = '/usr/bin/python3';

/** Copies the domain with this crowd to where a domain controller is to start from it. */
export async function placeCrowd(crowd: Crowd, directory: string, progress: Progress): Promise<void> {
  const template = await ensureCrowd(crowd, progress);
  mkdirSync(dirname(directory), { recursive: true });
  await progress('copying the domain', () => run('cp', ['-a', '--reflink=auto', '--sparse=auto', template, directory]));
}

async function ensureCrowd(crowd: Crowd, progress: Progress): Promise<string> {
  const base = await templateTree(progress);
  const key = createHash('sha256')
    .update([basename(base), readFileSync(script, 'utf8'), JSON.stringify(crowd)].join('\n'))
    .digest('hex')
    .slice(0, 16);
  const template = join(cacheDirectory(), 'crowd', key);
  if (existsSync(template)) return template;
  await withLock(`make ${template}`, async () => {
    if (existsSync(template)) return;
    const draft = `${template}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(dirname(draft), { recursive: true });
    await run('cp', ['-a', base, draft]);
    writeFileSync(join(draft, 'etc/smb.conf'), configurationFor(draft, addressWhileMaking));
    const sizes = [crowd.people, crowd.groups, crowd.memberships].map(String);
    await progress(`filling the domain with ${crowd.people} people, ${crowd.groups} groups and ${crowd.memberships} memberships`, () =>
      run(python, [script, draft, ...sizes]),
    );
    renameSync(draft, template);
  });
  return template;
}

// Any address: a start writes its own.
const addressWhileMaking = '127.0.0.2';
