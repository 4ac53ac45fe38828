/** From one request's headers to the context its operation runs in: the same for REST routes and for pages. */
import { randomBytes } from 'node:crypto';
import type { Cookies, PortalContext } from '#lib/api/context.ts';
import { addressHeader, requestIdHeader } from '#lib/api/headers.ts';
import { ask, pose } from '#lib/request/ask.ts';
import type { Portal } from './portal.ts';
import type { Viewer } from './viewer.ts';

export function requestIdOf(headers: Headers): string {
  return headers.get(requestIdHeader) ?? randomBytes(9).toString('base64url');
}

export function contextOf(portal: Portal, headers: Headers, cookies: Cookies, viewer: Viewer | null, now: Date): PortalContext {
  const { db, world, config, sealingKey, hashKey } = portal;
  const question = (kind: string, input: unknown, secret: unknown, options: { readonly timeoutMs?: number } = {}) => ({
    kind,
    input,
    secret,
    sealingKey,
    askerId: viewer?.person.id,
    ...options,
  });
  return {
    db,
    world,
    config,
    sealingKey,
    hashKey,
    now,
    cookies,
    request: {
      id: requestIdOf(headers),
      address: headers.get(addressHeader),
      userAgent: headers.get('user-agent')?.slice(0, 300) ?? null,
    },
    ask: (kind, input, secret, options) => ask(db, question(kind, input, secret, options)),
    begin: (kind, input, secret, options) => pose(db, question(kind, input, secret, options)),
  };
}
