/**
 * A fresh, migrated database for a test, on the real PostgreSQL that the test run started (e2e/test/postgres.ts). Copied from a template,
 * so that it costs some ten milliseconds, and dropped with force, so that a test that leaks a connection fails its own end, not the next test.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from './database.ts';
import { ensureInstallation } from './installation.ts';

export const templateDatabase = 'gatehouse_template';

export interface TestDatabase {
  readonly db: Database;
  readonly url: string;
  readonly installationId: string;
  drop(): Promise<void>;
}

export async function testDatabase(): Promise<TestDatabase> {
  const server = process.env.GATEHOUSE_TEST_POSTGRES;
  if (!server) throw new Error('No PostgreSQL for tests: run them by `npx vitest run`, which starts one.');
  const name = `t_${randomBytes(6).toString('hex')}`;
  await runOnServer(server, `CREATE DATABASE ${name} TEMPLATE ${templateDatabase}`);
  const url = withDatabase(server, name);
  const db = openDatabase(url);
  const { id } = await ensureInstallation(db);
  return {
    db,
    url,
    installationId: id,
    async drop() {
      await db.close();
      await runOnServer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.toString();
}

/** CREATE DATABASE needs its template to itself for a moment: another worker's turn is waited for. */
async function runOnServer(url: string, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = new pg.Client({ connectionString: withDatabase(url, 'postgres') });
    await client.connect();
    try {
      await client.query(statement);
      return;
    } catch (error) {
      const busy = error instanceof Error && 'code' in error && error.code === '55006';
      if (!busy || attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 40 * Math.random() + 20));
    } finally {
      await client.end();
    }
  }
}
