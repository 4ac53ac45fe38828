/** The owner's database: ours, kept in the data folder, or the one that DATABASE_URL names. Either stands, or one sentence says why not. */
import { join } from 'node:path';
import pg from 'pg';
import type { Config } from '#lib/config/config.ts';
import { type Fault, fault } from '#lib/errors/fault.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

export interface OwnerDatabase {
  readonly url: string;
  /** Resolves when a database of ours ended, asked or not; one that is somebody else's is watched by its users. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const connectTimeoutMs = 10_000;
const never = new Promise<void>(() => {});

export async function openOwnerDatabase({ databaseUrl, dataDirectory }: Config): Promise<OwnerDatabase> {
  if (databaseUrl) {
    await requireAnswer(databaseUrl);
    return { url: databaseUrl, ended: never, stop: async () => {} };
  }
  try {
    const postgres = await startEmbeddedPostgres({ directory: join(dataDirectory, 'postgres') });
    return { url: postgres.url, ended: postgres.exited.then(() => {}), stop: () => postgres.stop() };
  } catch (error) {
    // Its errors are sentences for whoever started us.
    throw fault('unavailable', 'database.not-started', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function requireAnswer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (error) {
    throw explain(error, url);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Names host and database, and never the password that stands beside them in the URL. */
function explain(error: unknown, url: string): Fault {
  const { hostname, port, pathname, username } = new URL(url);
  const server = `${hostname}:${port || 5432}`;
  const code = codeOf(error);
  const about = { cause: error, detail: code };
  switch (code) {
    case '28P01':
    case '28000':
      return fault(
        'bad-input',
        'database.login-refused',
        `The database at ${server} refuses the login “${decodeURIComponent(username)}” of DATABASE_URL. Check user and password.`,
        about,
      );
    case '3D000':
      return fault(
        'bad-input',
        'database.unknown',
        `The server at ${server} has no database “${decodeURIComponent(pathname.slice(1))}”. Make it, or correct DATABASE_URL.`,
        about,
      );
    default:
      return fault(
        'unavailable',
        'database.unreachable',
        `The database at ${server} cannot be reached${reasons[code] ?? ''}. Check DATABASE_URL and that PostgreSQL runs there, then start again.`,
        about,
      );
  }
}

/** What an owner who is not quite one gets to hear while we set up the schema and the processes' logins. */
export function explainMissingRights(error: unknown, url: string): unknown {
  const refused = [error, error instanceof Error ? error.cause : null].find((one) => codeOf(one) === '42501');
  if (!(refused instanceof Error)) return error;
  return fault(
    'bad-input',
    'database.rights-missing',
    `The login “${decodeURIComponent(new URL(url).username)}” of DATABASE_URL may not set up the database (${refused.message}). It must own the database and be allowed to make logins (CREATEROLE).`,
    { cause: error },
  );
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: ' (the connection is refused)',
  ENOTFOUND: ' (the host name is not known)',
  EAI_AGAIN: ' (the host name is not known)',
  ETIMEDOUT: ' (no answer in time)',
  '57P03': ' (it is starting up or shutting down)',
  '53300': ' (it has no connection left)',
};

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}
