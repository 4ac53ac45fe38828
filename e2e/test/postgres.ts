/** Vitest's global set-up: one real PostgreSQL for the whole run, with a migrated template from which each test copies its database. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '#lib/db/migrate.ts';
import { templateDatabase, withDatabase } from '#lib/db/testing.ts';
import { startEmbeddedPostgres } from '#lib/runtime/embedded-postgres.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-'));
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'data'), fast: true });
  process.env.GATEHOUSE_TEST_POSTGRES = postgres.url;
  const client = new pg.Client({ connectionString: withDatabase(postgres.url, 'postgres') });
  await client.connect();
  await client.query(`CREATE DATABASE ${templateDatabase}`);
  await client.end();
  await migrate(withDatabase(postgres.url, templateDatabase));
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
