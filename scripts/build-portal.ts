// Builds the portal's pages when their sources changed, so that a second start is quick.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '#lib/runtime/lock.ts';

const roots = ['app', 'components', 'lib', 'prisma/schema', 'public'];
const files = ['next.config.ts', 'postcss.config.mjs', 'package-lock.json', 'tsconfig.json', 'proxy.ts'];
const stampFile = '.next/gatehouse-sources';

// Two builds at once in one checkout would write over each other: the second waits, and then finds it done.
const status = await withLock(`portal build ${process.cwd()}`, buildIfChanged);
process.exit(status);

async function buildIfChanged(): Promise<number> {
  const wanted = digestOfSources();
  if (existsSync(stampFile) && existsSync('.next/BUILD_ID') && readFileSync(stampFile, 'utf8') === wanted) return 0;
  console.log('building the portal …');
  const began = performance.now();
  const run = spawnSync('node_modules/.bin/next', ['build'], { stdio: 'inherit', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
  if (run.status !== 0) return run.status ?? 1;
  writeFileSync(stampFile, wanted);
  console.log(`built the portal (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return 0;
}

function digestOfSources(): string {
  const digest = createHash('sha256');
  for (const file of [...roots.flatMap(filesUnder), ...files].sort()) {
    if (existsSync(file) && !file.endsWith('.test.ts')) digest.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return digest.digest('hex');
}

function filesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith('lib/db/generated'));
}
