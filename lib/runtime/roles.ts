/** The roster: which role is made by whom. Each file composes its role and is loaded only in that role's process. */
import type { Config } from '#lib/config/config.ts';
import type { ProcessRole } from '#lib/db/roles.ts';
import type { Log } from '#lib/log/log.ts';
import type { Service } from './service.ts';

export function isRole(name: string): name is ProcessRole {
  return name === 'portal' || name === 'proxy' || name === 'worker';
}

export async function startRole(role: ProcessRole, config: Config, log: Log): Promise<Service> {
  switch (role) {
    case 'portal':
      return (await import('./roles/portal.ts')).startPortal(config, log);
    case 'proxy':
      return (await import('./roles/proxy.ts')).startProxy(config, log);
    case 'worker':
      return (await import('./roles/worker.ts')).startWorker(config, log);
  }
}
