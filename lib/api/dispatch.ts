/**
 * /api/v1: from an HTTP request to an operation's answer. One error shape for everything, a request id on every answer, nothing cached.
 */
import { randomBytes } from 'node:crypto';
import { inWords } from '#lib/db/database.ts';
import { asFault, type Fault, fault } from '#lib/errors/fault.ts';
import { createLog } from '#lib/log/log.ts';
import { identify, requireOwnPage } from '#lib/session/caller.ts';
import { createCookies } from '#lib/session/cookies.ts';
import { catchUp, type Portal } from '#lib/session/portal.ts';
import { contextOf, requestIdOf } from '#lib/session/request-context.ts';
import type { AnyOperation } from './operation.ts';
import { perform } from './perform.ts';
import { readInput, tooLargeCode } from './read-request.ts';
import type { Router } from './route.ts';
import type { ErrorShape } from './schema.ts';

const log = createLog('api');

export type Api = (request: Request) => Promise<Response>;

/** The portal is fetched anew for each request: whoever may not decide just now throws there, and the caller reads 503. */
export function createApi(route: Router, portalNow: () => Promise<Portal>): Api {
  return async (request) => {
    const requestId = requestIdOf(request.headers);
    try {
      return await answer(request, route, await portalNow(), requestId);
    } catch (error) {
      return refusal(asFault(inWords(error)), requestId, request);
    }
  };
}

async function answer(request: Request, route: Router, portal: Portal, requestId: string): Promise<Response> {
  const url = new URL(request.url);
  const now = new Date();
  const caller = await identify(portal, request.headers, now);
  const found = route(request.method, url.pathname.replace(/^\/api\/v1/, ''));
  if (!found)
    throw fault('not-found', 'api.no-such-path', 'There is nothing at this address. /api/v1/openapi.json lists everything there is.');
  if ('allowed' in found) return methodNotAllowed(found.allowed, requestId);
  if (caller.by === 'cookie' && request.method !== 'GET') requireOwnPage(request.headers, portal.config.portalUrl);
  const cookies = createCookies(request.headers.get('cookie'), portal.config.portalUrl);
  const context = contextOf(portal, request.headers, cookies, caller.viewer, now);
  const input = () => readInput(request, found.parameters, url);
  const output = await perform(found.operation, context, caller, input);
  if (request.method !== 'GET') await catchUp(portal);
  return success(found.operation, output, cookies.setCookieHeaders, requestId);
}

function success({ status = 200, media }: AnyOperation, output: unknown, setCookies: readonly string[], requestId: string): Response {
  const headers = new Headers({ 'cache-control': 'no-store', 'x-request-id': requestId });
  for (const cookie of setCookies) headers.append('set-cookie', cookie);
  if (media) {
    headers.set('content-type', `${media.type}; charset=utf-8`);
    headers.set('content-disposition', `attachment; filename="${media.filename}"`);
    return new Response(String(output), { status, headers });
  }
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(output), { status, headers });
}

function methodNotAllowed(allowed: readonly string[], requestId: string): Response {
  return errorResponse(
    405,
    { code: 'api.no-such-method', message: `This address knows ${allowed.join(', ')}.`, requestId },
    { allow: allowed.join(', ') },
  );
}

export function refusal(problem: Fault, requestId: string, request: Pick<Request, 'method' | 'url'>): Response {
  const facts = { err: problem, requestId, method: request.method, path: new URL(request.url).pathname };
  if (problem.status >= 500) log.error(facts, 'an API request failed');
  else log.info(facts, 'an API request was refused');
  const { code, message, fields } = problem;
  return errorResponse(
    code === tooLargeCode ? 413 : problem.status,
    { code, message, requestId, ...(fields ? { fields: { ...fields } } : {}) },
    {
      ...(problem.retryAfterSeconds ? { 'retry-after': String(problem.retryAfterSeconds) } : {}),
      ...(problem.status === 401 ? { 'www-authenticate': 'Bearer realm="gatehouse"' } : {}),
    },
  );
}

function errorResponse(status: number, error: ErrorShape['error'], headers: Record<string, string>): Response {
  const body: ErrorShape = { error };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': error.requestId || randomBytes(9).toString('base64url'),
      ...headers,
    },
  });
}
