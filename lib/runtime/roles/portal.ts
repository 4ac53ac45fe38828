/** The portal: Next over plain HTTP behind whatever ends TLS, in a process that holds no cluster credential and no key that opens anything. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import next from 'next';
import { createPortalServer } from '#lib/api/front.ts';
import type { Config } from '#lib/config/config.ts';
import type { Log } from '#lib/log/log.ts';
import { closePortal } from '#lib/session/portal.ts';
import { providePortalDependencies } from '#lib/session/portal-dependencies.ts';
import { listen } from '../listen.ts';
import { readRoleSecrets } from '../role-secrets.ts';
import type { Service } from '../service.ts';
import { startServices } from '../services.ts';

const drainMs = 5_000;

export async function startPortal(config: Config, log: Log): Promise<Service> {
  const secrets = await readRoleSecrets('portal', config.secretsFile);
  providePortalDependencies({
    databaseUrl: secrets.databaseUrl,
    sealingKeyPem: secrets.sealingKeyPem,
    hashKeyBase64: secrets.hashKeyBase64,
    authSecret: secrets.authSecret,
    portalUrl: config.portal.url,
    proxyUrl: config.proxy.url,
    proxyCaPem: secrets.doorCaPem,
    joinImage: config.joinImage,
    breakGlass: config.breakGlass,
  });
  // next-auth builds every address from this, and reads it from nowhere else; without it, it would believe a header. Its secret stays out.
  process.env.NEXTAUTH_URL = config.portal.url;

  const app = next({
    dev: false,
    dir: join(import.meta.dirname, '../../..'),
    hostname: config.portal.host,
    port: config.portal.port,
    // Next hangs its own upgrade listener on whatever server it is given; this one never listens.
    httpServer: createServer(),
  });
  await app.prepare();
  const server = createPortalServer({
    handle: app.getRequestHandler(),
    portalUrl: config.portal.url,
    trustedProxies: config.trustedProxies,
  });
  const pages: Service = {
    name: 'portal pages',
    async start() {
      await listen(server, config.portal.host, config.portal.port, 'portal');
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), drainMs).unref();
      await closed;
      await app.close();
      // A database that hangs must not hold us: what is lost then is when an API token was used last.
      await Promise.race([closePortal(), sleep(drainMs, undefined, { ref: false })]);
    },
  };
  return startServices('portal', [pages], log);
}
