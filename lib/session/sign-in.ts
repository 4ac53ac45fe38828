/**
 * Signing in with the directory's name and password, by next-auth. The password goes sealed to the worker, which alone binds; the portal
 * only learns whose it was. The session is a row in Postgres and the cookie an opaque key to it: next-auth's own tokens are never made,
 * because a signed token cannot be taken back. Whatever goes wrong, the browser reads one of a few fixed codes.
 */
import { randomUUID } from 'node:crypto';
import type { NextAuthOptions } from 'next-auth';
import type { JWT } from 'next-auth/jwt';
import CredentialsProvider from 'next-auth/providers/credentials';
import { z } from 'zod';
import { findLiveBreakGlassSession } from '#lib/breakglass/data.ts';
import { changing } from '#lib/db/database.ts';
import { asFault, type Fault } from '#lib/errors/fault.ts';
import { ask } from '#lib/request/ask.ts';
import { cookieName, isSecure, sessionCookie } from './cookies.ts';
import { absoluteHours, findLiveSession } from './data.ts';
import { endSession, startSession } from './mutations.ts';
import { catchUp, type Portal } from './portal.ts';
import { actorOf, type Viewer, viewerOf } from './viewer.ts';

export const providerId = 'active-directory';

/** What the sign-in page may read in `?error=`. */
export type SignInError = 'refused' | 'change-password' | 'not-now' | 'too-many' | 'unavailable' | 'failed';

export type SignInRequest = {
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly presentedSession: string | null;
  readonly presentedBreakGlass: string | null;
};

const typed = z.object({ login: z.string().trim().min(1).max(256), password: z.string().min(1).max(1024) });
const answered = z.object({ personId: z.string() });
const askTimeoutMs = 10_000;

type SessionToken = JWT & { sid?: string; sessionId?: string; expiresAt?: string };

export function signInOptions(portal: Portal, request: SignInRequest): NextAuthOptions {
  const { portalUrl } = portal.config;
  const cookieOptions = { httpOnly: true, sameSite: 'lax' as const, path: '/', secure: isSecure(portalUrl) };
  const named = (name: string) => ({ name: cookieName(name, portalUrl), options: cookieOptions });
  return {
    secret: portal.authSecret,
    useSecureCookies: isSecure(portalUrl),
    cookies: { sessionToken: named(sessionCookie), callbackUrl: named('gatehouse.callback'), csrfToken: named('gatehouse.csrf') },
    pages: { signIn: '/login', signOut: '/login', error: '/login' },
    session: { strategy: 'jwt', maxAge: absoluteHours * 3600 },
    providers: [
      CredentialsProvider({
        id: providerId,
        name: 'Active Directory',
        credentials: { login: { label: 'Name', type: 'text' }, password: { label: 'Password', type: 'password' } },
        authorize: (credentials) => authenticate(portal, request, credentials),
      }),
    ],
    jwt: {
      encode: async ({ token }) => openOrKeep(portal, request, token as SessionToken),
      decode: async ({ token }) => tokenOf(portal, token),
    },
    callbacks: {
      jwt: ({ token }) => token,
      session: ({ session, token }) => {
        const user: { id?: string | undefined; name?: string | null; email?: string | null } = {
          id: token.sub,
          name: token.name ?? null,
          email: token.email ?? null,
        };
        return { user, expires: (token as SessionToken).expiresAt ?? session.expires };
      },
    },
    events: {
      signOut: ({ token }) => signOut(portal, token as SessionToken | null),
    },
    logger: {
      // An ended session is everyday life, not an error; what a browser posts to us as "its log" is nobody's word.
      error: (code, details) => {
        if (code !== 'JWT_SESSION_ERROR')
          portal.log.error({ authCode: code, err: details instanceof Error ? details : details.error }, 'sign-in failed inside');
      },
      warn: () => {},
      debug: () => {},
    },
  };
}

/** Errors end in a redirect's address, so only fixed codes are thrown. */
async function authenticate(portal: Portal, request: SignInRequest, credentials: Record<string, unknown> | undefined) {
  const given = typed.safeParse(credentials);
  if (!given.success || given.data.password.includes('\0')) throw new Error('refused' satisfies SignInError);
  try {
    const { login, password } = given.data;
    const { db, sealingKey } = portal;
    const answer = await ask(db, {
      kind: 'login',
      input: { address: request.address },
      secret: { login, password },
      sealingKey,
      timeoutMs: askTimeoutMs,
    });
    const { personId } = answered.parse(answer);
    await catchUp(portal);
    const viewer = viewerOf(portal.world, personId, { via: 'session', sessionId: randomUUID() }, new Date());
    if (!viewer) throw new Error('the directory let somebody in who is not live here');
    return { id: personId, name: viewer.person.displayName, email: viewer.person.upn };
  } catch (error) {
    const problem = asFault(error);
    const code = codeOf(problem);
    portal.log.info({ err: problem, address: request.address, answer: code }, 'a sign-in was refused');
    throw new Error(code);
  }
}

function codeOf({ kind, code }: Fault): SignInError {
  // AD has confirmed the password: so this is said to its owner.
  if (code === 'login.password-expired') return 'change-password';
  if (code === 'login.not-now') return 'not-now';
  if (kind === 'unauthenticated' || kind === 'forbidden' || kind === 'bad-input' || kind === 'not-found') return 'refused';
  if (kind === 'too-many') return 'too-many';
  return kind === 'unavailable' || kind === 'upstream' ? 'unavailable' : 'failed';
}

/** At sign-in a new row, whatever cookie came along (and the old session ends); on every other read the same key again. */
async function openOrKeep(portal: Portal, request: SignInRequest, token: SessionToken): Promise<string> {
  if (token.sid) return token.sid;
  const { db, hashKey } = portal;
  const person = { id: token.sub ?? '', name: token.email ?? token.name ?? '' };
  await leaveBreakGlass(portal, request.presentedBreakGlass);
  const former = request.presentedSession ? await findLiveSession(db, hashKey, request.presentedSession) : null;
  return changing(db, async (tx, touch) => {
    if (former) await endSession(tx, touch, former.id, former.personId, 'signed in anew', { kind: 'person', ...person });
    const { address, userAgent } = request;
    const { secret } = await startSession(tx, touch, { hashKey, person, address, userAgent });
    return secret;
  });
}

/** Whoever signs in as themselves is no local account any more, though this browser still holds its key. */
async function leaveBreakGlass({ db, hashKey, sealingKey }: Portal, secret: string | null): Promise<void> {
  const session = secret ? await findLiveBreakGlassSession(db, hashKey, secret) : null;
  if (session) await ask(db, { kind: 'break-glass.leave', input: { sessionId: session.id, reason: 'signed in as a person' }, sealingKey });
}

async function tokenOf(portal: Portal, secret: string | undefined): Promise<SessionToken | null> {
  const found = await sessionViewer(portal, secret);
  if (!found || !secret) return null;
  const { viewer, expiresAt } = found;
  const { id, displayName, upn } = viewer.person;
  return { sub: id, name: displayName, email: upn, sid: secret, sessionId: viewer.sessionId ?? '', expiresAt: expiresAt.toISOString() };
}

async function sessionViewer(
  { db, world, hashKey }: Portal,
  secret: string | undefined,
): Promise<{ viewer: Viewer; expiresAt: Date } | null> {
  const session = secret ? await findLiveSession(db, hashKey, secret) : null;
  const viewer = session && viewerOf(world, session.personId, { via: 'session', sessionId: session.id }, new Date());
  return session && viewer ? { viewer, expiresAt: session.expiresAt } : null;
}

async function signOut(portal: Portal, token: SessionToken | null): Promise<void> {
  const found = token?.sid ? await sessionViewer(portal, token.sid) : null;
  const sessionId = found?.viewer.sessionId;
  if (!found || !sessionId) return;
  await changing(portal.db, (tx, touch) => endSession(tx, touch, sessionId, found.viewer.person.id, 'signed out', actorOf(found.viewer)));
}
