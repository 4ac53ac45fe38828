import NextAuth from 'next-auth';
import { refusal } from '#lib/api/dispatch.ts';
import { addressHeader } from '#lib/api/headers.ts';
import { readText } from '#lib/api/read-request.ts';
import { inWords } from '#lib/db/database.ts';
import { asFault, fault } from '#lib/errors/fault.ts';
import { breakGlassCookie, cookieName, readCookies, sessionCookie } from '#lib/session/cookies.ts';
import { portal } from '#lib/session/portal.ts';
import { requestIdOf } from '#lib/session/request-context.ts';
import { signInOptions } from '#lib/session/sign-in.ts';

type Parameters = { params: Promise<{ nextauth: string[] }> };

const formLimitBytes = 16 * 1024;
/** next-auth knows more; these are what the portal uses. `_log` above all would let anybody write into our log. */
const known = new Set(['csrf', 'session', 'providers', 'signin', 'signout', 'callback', 'error']);

async function authenticate(request: Request, context: Parameters): Promise<Response> {
  try {
    const { nextauth } = await context.params;
    if (!known.has(nextauth[0] ?? '')) throw fault('not-found', 'session.no-such-path', 'There is nothing at this address.');
    const opened = await portal();
    const sent = readCookies(request.headers.get('cookie'));
    const presented = (name: string) => sent.get(cookieName(name, opened.config.portalUrl)) ?? null;
    const options = signInOptions(opened, {
      address: request.headers.get(addressHeader),
      userAgent: request.headers.get('user-agent'),
      presentedSession: presented(sessionCookie),
      presentedBreakGlass: presented(breakGlassCookie),
    });
    const { NextRequest } = await import('next/server');
    const bounded = new NextRequest(request.url, {
      method: request.method,
      headers: request.headers,
      ...(request.method === 'POST' ? { body: await readText(request, formLimitBytes) } : {}),
    });
    return await NextAuth(bounded, context, options);
  } catch (error) {
    return refusal(asFault(inWords(error)), requestIdOf(request.headers), request);
  }
}

export { authenticate as GET, authenticate as POST };
