import type { Server } from 'node:net';
import { fault } from '#lib/errors/fault.ts';

/** Listens, or says in one sentence why not. */
export function listen(server: Server, host: string, port: number, what: string, { sharesPort = false } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is taken. Stop what listens there, or choose another port.`
          : error.code === 'EACCES'
            ? `port ${port} on ${host} needs more rights than this process has. Choose a port above 1023.`
            : `it cannot listen on ${host}:${port} (${error.code ?? error.message}).`;
      reject(fault('bad-input', 'listen.refused', `The ${what} cannot start: ${why}`, { cause: error }));
    };
    server.once('error', refuse);
    server.listen({ port, host, reusePort: sharesPort }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
