// Generates the Prisma client when the schema changed. The engine path is set to a program that does nothing: the generator needs none,
// and without it Prisma would try to download one, which a closed network refuses.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const schemaDirectory = 'prisma/schema';
const output = 'lib/db/generated';
const stampFile = join(output, '.schema');

const digest = createHash('sha256');
for (const name of readdirSync(schemaDirectory).sort()) digest.update(name).update(readFileSync(join(schemaDirectory, name)));
digest.update(readFileSync('package-lock.json'));
const wanted = digest.digest('hex');

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== wanted) {
  const run = spawnSync('node_modules/.bin/prisma', ['generate'], {
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}\nThe database client could not be generated from ${schemaDirectory}.\n`);
    process.exit(1);
  }
  writeFileSync(stampFile, wanted);
}
