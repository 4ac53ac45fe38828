/**
 * Applies prisma/migrations in the order of their names, under an advisory lock so that replicas starting together do it once, on
 * Prisma's own bookkeeping table so that its tools agree about what is applied. A migration that changed after it was applied is refused.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { fault } from '#lib/errors/fault.ts';

const migrationsDirectory = join(import.meta.dirname, '../../prisma/migrations');
const lockNumber = 72_707_369;

export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockNumber]);
    await client.query(bookkeepingTable);
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const known = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    await requireExtensions(client);
    const done: string[] = [];
    for (const name of (await readdir(migrationsDirectory)).sort()) {
      const script = await readFile(join(migrationsDirectory, name, 'migration.sql'), 'utf8').catch(() => null);
      if (script === null) continue;
      const checksum = createHash('sha256').update(script).digest('hex');
      const before = known.get(name);
      if (before === checksum) continue;
      if (before !== undefined) {
        throw fault(
          'internal',
          'database.migration-changed',
          `The database was set up by another version of migration ${name}; this version cannot use it.`,
        );
      }
      await applyOne(client, name, script, checksum);
      done.push(name);
    }
    return done;
  } finally {
    await client.end();
  }
}

/** Part of PostgreSQL's own distribution, but a package of its own in some. `und-x-icu`: by it names are folded for search. */
async function requireExtensions(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ extension: boolean; collation: boolean; utf8: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') AS extension,
       EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') AS collation, getdatabaseencoding() = 'UTF8' AS utf8`,
  );
  const [has] = rows;
  if (!has?.extension) throw unfit('the extension pg_trgm. It is one of PostgreSQL’s contrib modules: install these (postgresql-contrib)');
  if (!has.utf8) throw unfit('the encoding UTF8. Make it anew with ENCODING ‘UTF8’');
  if (!has.collation) throw unfit('collations by ICU. Use a PostgreSQL that is built with ICU, as the distributions’ are');
}

function unfit(what: string) {
  return fault('internal', 'database.unfit', `The database lacks ${what}, and start again.`);
}

async function applyOne(client: pg.Client, name: string, script: string, checksum: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(script);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw fault('internal', 'database.migration-failed', `Migration ${name} failed; the database is as it was before.`, {
      cause: error,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

const bookkeepingTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  varchar(36) PRIMARY KEY,
  checksum            varchar(64) NOT NULL,
  finished_at         timestamptz,
  migration_name      varchar(255) NOT NULL,
  logs                text,
  rolled_back_at      timestamptz,
  started_at          timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;
