/**
 * The only process entry.
 *
 *   node server.ts                        all of Gatehouse: a supervisor over worker, proxy and portal (npm start)
 *   node server.ts portal|proxy|worker    one role, with its secrets in GATEHOUSE_SECRETS_FILE (one container each)
 */
import { readConfig } from '#lib/config/config.ts';
import { inWords } from '#lib/db/database.ts';
import { asFault, fault } from '#lib/errors/fault.ts';
import { createLog } from '#lib/log/log.ts';
import { isRole, startRole } from '#lib/runtime/roles.ts';
import type { Service } from '#lib/runtime/service.ts';
import { createSupervisor, hopelessExitCode } from '#lib/runtime/supervisor.ts';

const role = process.argv[2];

try {
  if (role === undefined) await supervise();
  else if (isRole(role)) await serve(role);
  else throw fault('bad-input', 'role.unknown', `There is no role "${role}": give portal, proxy or worker, or nothing for all of them.`);
} catch (error) {
  const known = asFault(inWords(error));
  if (role === undefined) process.stderr.write(`${known.message}${known.kind === 'internal' && known.detail ? `\n${known.detail}` : ''}\n`);
  else createLog(role).error({ err: known }, known.message);
  // What is given wrongly stays wrong; a database that is away may be back when the supervisor tries again.
  process.exit(role === undefined || known.kind === 'bad-input' ? hopelessExitCode : 1);
}

async function supervise(): Promise<void> {
  const config = readConfig(process.env);
  const supervisor = createSupervisor(config, process.env, import.meta.filename);
  const asked = stopRequest();
  try {
    await Promise.race([supervisor.start(), supervisor.failed, asked]);
    await Promise.race([supervisor.failed, asked]);
  } finally {
    await supervisor.stop();
  }
  process.exit(0);
}

async function serve(name: 'portal' | 'proxy' | 'worker'): Promise<void> {
  const log = createLog(name);
  // Limping on after the unforeseen is how a door stays open: say it, end, and let the supervisor start anew.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      log.error({ err: error }, 'an error that nobody foresaw; this process ends and is started again');
      process.exit(1);
    });
  }
  const services: Service = await startRole(name, readConfig(process.env), log);
  log.info({ ready: true }, 'ready');
  await stopRequest();
  log.info({}, 'stopping');
  await services.stop();
  process.exit(0);
}

function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
