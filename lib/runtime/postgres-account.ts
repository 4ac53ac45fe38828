// PostgreSQL refuses to run as root. As root we run it as the OS user "postgres", made when it is missing; otherwise as ourselves.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Whom PostgreSQL runs as; null means: as ourselves. */
export type PostgresAccount = { uid: number; gid: number } | null;

const run = promisify(execFile);
const userName = 'postgres';

export async function postgresAccount(): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return null;
  const found = await lookUp();
  if (found) return found;
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', userName]).catch((error: Error) => {
    throw new Error(`PostgreSQL cannot run as root, and the user "${userName}" could not be made: ${error.message}`);
  });
  const made = await lookUp();
  if (!made) throw new Error(`PostgreSQL cannot run as root, and the user "${userName}" is still unknown after useradd`);
  return made;
}

/** Whether that account can enter the directory, asked of the system by trying. */
export async function canEnter(account: PostgresAccount, directory: string): Promise<boolean> {
  return succeeds(account, '/bin/sh', ['-c', 'cd "$0"', directory]);
}

/** Whether that account can run the program. */
export async function canRun(account: PostgresAccount, program: string): Promise<boolean> {
  return succeeds(account, program, ['--version']);
}

async function succeeds(account: PostgresAccount, program: string, args: string[]): Promise<boolean> {
  return run(program, args, { cwd: '/', ...account }).then(
    () => true,
    () => false,
  );
}

async function lookUp(): Promise<PostgresAccount> {
  const id = async (which: '-u' | '-g') => Number((await run('id', [which, userName])).stdout);
  return Promise.all([id('-u'), id('-g')]).then(
    ([uid, gid]) => ({ uid, gid }),
    () => null,
  );
}
