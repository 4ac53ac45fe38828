/**
 * What the portal's process is given before Next starts, by lib/runtime. Kept on globalThis under a registered symbol because Next bundles
 * its own copy of every module: a plain module variable would be another one on each side. Nothing of it is in the environment, where a
 * child process or a crash report could read it.
 */
import { fault } from '#lib/errors/fault.ts';

export type PortalDependencies = {
  readonly databaseUrl: string;
  readonly sealingKeyPem: string;
  readonly hashKeyBase64: string;
  readonly authSecret: string;
  readonly portalUrl: string;
  readonly proxyUrl: string;
  readonly proxyCaPem: string | null;
  readonly joinImage?: string | undefined;
  /** On unless said. */
  readonly breakGlass?: boolean | undefined;
};

const place = Symbol.for('gatehouse.portal.dependencies');
type Place = { [place]?: PortalDependencies };

export function providePortalDependencies(dependencies: PortalDependencies): void {
  (globalThis as Place)[place] = Object.freeze({ ...dependencies });
}

export function portalDependencies(): PortalDependencies {
  const dependencies = (globalThis as Place)[place];
  if (!dependencies) {
    throw fault('unavailable', 'session.portal-not-ready', 'The portal is starting. Try again in a moment.', {
      detail: 'providePortalDependencies() was not called before the first request; start the portal by server.ts',
    });
  }
  return dependencies;
}
