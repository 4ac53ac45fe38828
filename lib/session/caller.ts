/**
 * Who is asking? An API token in Authorization, or a session's cookie; never both, and a token that is no good is never made up for by a
 * cookie. A living break-glass session comes before a person's: whoever opened it means it. What a browser would send by itself is believed only together with what a foreign site cannot make it send.
 */
import { addressHeader } from '#lib/api/headers.ts';
import type { Caller } from '#lib/api/perform.ts';
import { findLiveBreakGlassSession } from '#lib/breakglass/data.ts';
import { verifyToken } from '#lib/credential/verify.ts';
import { fault } from '#lib/errors/fault.ts';
import { breakGlassCookie, cookieName, readCookies, sessionCookie, setupCookie } from './cookies.ts';
import { findLiveSession } from './data.ts';
import type { Portal } from './portal.ts';
import { isSetupPass, openSetupCodeHash } from './setup-pass.ts';
import { breakGlassViewer, type Viewer, viewerOf } from './viewer.ts';

export type Identified = Caller & { readonly by: 'token' | 'cookie' | 'nobody' };
type Trusted = Pick<Portal, 'db' | 'world' | 'hashKey' | 'config' | 'usage'>;

const nobody: Identified = { viewer: null, holdsSetup: false, by: 'nobody' };

export async function identify(portal: Trusted, headers: Headers, now: Date): Promise<Identified> {
  const authorization = headers.get('authorization');
  if (authorization !== null) return { viewer: viewerByToken(portal, authorization, headers, now), holdsSetup: false, by: 'token' };
  const cookies = readCookies(headers.get('cookie'));
  const named = (name: string) => cookies.get(cookieName(name, portal.config.portalUrl));
  const viewer = (await viewerByBreakGlass(portal, named(breakGlassCookie))) ?? (await viewerBySession(portal, named(sessionCookie), now));
  const holdsSetup = await showsSetupPass(portal, named(setupCookie), now);
  return viewer || holdsSetup ? { viewer, holdsSetup, by: 'cookie' } : nobody;
}

/** One answer for every bad token, whatever is wrong with it. */
function viewerByToken({ world, hashKey, usage }: Trusted, authorization: string, headers: Headers, now: Date): Viewer {
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization) ?? [];
  const verified = token === undefined ? null : verifyToken(world, hashKey, token, 'api', now);
  if (verified && 'credential' in verified) {
    const { id, personId, readOnly, clusterIds } = verified.credential;
    const viewer = viewerOf(world, personId, { via: 'token', credential: { id, readOnly, clusterIds } }, now);
    if (viewer) {
      const client = headers.get('user-agent')?.slice(0, 200) ?? null;
      usage.note({ credentialId: id, at: now, address: headers.get(addressHeader), client });
      return viewer;
    }
  }
  throw fault(
    'unauthenticated',
    'session.bad-token',
    'The API token is not valid: mistyped, expired, revoked, or its owner’s account is not active.',
    {
      detail:
        verified && 'flaw' in verified ? `${verified.flaw} ${verified.credentialId ?? ''}` : 'not a bearer token, or its owner is not live',
    },
  );
}

async function viewerBySession({ db, world, hashKey }: Trusted, secret: string | undefined, now: Date): Promise<Viewer | null> {
  if (!secret) return null;
  const session = await findLiveSession(db, hashKey, secret);
  return session && viewerOf(world, session.personId, { via: 'session', sessionId: session.id }, now);
}

async function viewerByBreakGlass({ db, hashKey, config }: Trusted, secret: string | undefined): Promise<Viewer | null> {
  if (!secret || !config.breakGlass) return null;
  const session = await findLiveBreakGlassSession(db, hashKey, secret);
  return session && breakGlassViewer(session);
}

async function showsSetupPass({ db, hashKey }: Trusted, pass: string | undefined, now: Date): Promise<boolean> {
  if (!pass) return false;
  const codeHash = await openSetupCodeHash(db);
  return codeHash !== null && isSetupPass(hashKey, codeHash, pass, now);
}

/** A cookie's holder may change something only by a request that our own pages made: our header, and our origin. */
export function requireOwnPage(headers: Headers, portalUrl: string): void {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const fromUs = origin === null ? site === 'same-origin' : isOurs(origin, headers.get('host'), portalUrl);
  if (headers.get('x-gatehouse-request') === '1' && fromUs && (site === null || site === 'same-origin')) return;
  throw fault(
    'forbidden',
    'session.foreign-page',
    'This request did not come from a page of the portal, so nothing was done. Programs use an API token instead of a session.',
    {
      detail: `origin ${origin ?? 'none'}, sec-fetch-site ${site ?? 'none'}, own header ${headers.has('x-gatehouse-request') ? 'there' : 'missing'}`,
    },
  );
}

/** The host that the browser itself named counts too: the same portal may be opened as localhost and as 127.0.0.1. */
function isOurs(origin: string, host: string | null, portalUrl: string): boolean {
  const ours = new URL(portalUrl);
  return origin === ours.origin || (host !== null && origin === `${ours.protocol}//${host}`);
}
