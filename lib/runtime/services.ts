import type { Log } from '#lib/log/log.ts';
import type { Service } from './service.ts';

/** Starts in the given order; when one fails, stops those before it. Stops in the opposite order, each even if another fails. */
export async function startServices(name: string, services: readonly Service[], log: Log): Promise<Service> {
  const started: Service[] = [];
  const stop = async () => {
    for (const service of started.splice(0).reverse()) {
      await service.stop().catch((error: unknown) => log.warn({ err: error, service: service.name }, 'a service did not stop cleanly'));
    }
  };
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, start: async () => {}, stop };
}

/** What the other services use and end before: started by being opened, it only has to be closed, last. */
export function closing(db: { close(): Promise<void> }): Service {
  return { name: 'database', start: async () => {}, stop: () => db.close() };
}
