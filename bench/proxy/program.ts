/** The benchmark's Go program (upstream, baseline, clients), built once for this machine and kept in the cache by its sources. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, withLock } from '#e2e/stack/cache.ts';
import type { Progress } from '#e2e/stack/progress.ts';

const sources = join(import.meta.dirname, 'go');

export async function ensureProgram(progress: Progress): Promise<string> {
  const place = join(cacheDirectory(), 'bench', keyOfSources());
  const program = join(place, 'bench');
  if (existsSync(program)) return program;
  await withLock(`build ${place}`, async () => {
    if (existsSync(program)) return;
    mkdirSync(place, { recursive: true });
    await progress('building the benchmark’s Go program', () => build(program));
  });
  return program;
}

async function build(program: string): Promise<void> {
  const draft = `${program}.${process.pid}`;
  try {
    await promisify(execFile)('go', ['build', '-trimpath', '-buildvcs=false', '-o', draft, '.'], {
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
    });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`The benchmark's Go program could not be built. Install Go 1.26 or newer (https://go.dev/dl). ${stderr}`);
  }
  renameSync(draft, program);
}

function keyOfSources(): string {
  const digest = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of readdirSync(sources).sort()) digest.update(readFileSync(join(sources, file)));
  return digest.digest('hex').slice(0, 16);
}
