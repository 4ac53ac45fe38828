/** What came in, parsed once and refused where two readers might disagree. Nothing behind this step looks at the raw request again. */
import { badHeader, badMessage, badMethod, badUpgrade } from '../answers.ts';
import type { Arrival } from '../types.ts';
import { type Headers, readHeaders } from './headers.ts';
import { parseTarget, type Target } from './target.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface Received {
  readonly arrival: Arrival;
  readonly target: Target;
  readonly headers: Headers;
}

export function receive(arrival: Arrival): Received {
  if (arrival.httpVersion !== '1.1') throw badMessage('only HTTP/1.1 is spoken here');
  if (!methods.has(arrival.method)) throw badMethod(arrival.method);
  const target = parseTarget(arrival.target);
  const headers = readHeaders(arrival.rawHeaders, arrival.upgrade);
  if (headers.upgrade !== null) requireUpgradeAlone(arrival, headers);
  if (headers.upgrade === null && arrival.upgrade) throw badUpgrade('no protocol is named');
  if (headers.expectsContinue && headers.body.kind === 'none') throw badHeader('an expectation without a body');
  return { arrival, target, headers };
}

/** An upgrade carries no body: what stands behind its head belongs to the new protocol, and only once that is agreed upon. */
function requireUpgradeAlone({ method }: Arrival, { upgrade, body, expectsContinue }: Headers): void {
  if (body.kind === 'chunked' || (body.kind === 'length' && Number(body.bytes) > 0)) throw badUpgrade('it has a body');
  if (expectsContinue) throw badUpgrade('it has an expectation');
  if (upgrade === 'websocket' && method !== 'GET') throw badUpgrade('a WebSocket begins with GET');
  if (upgrade === 'spdy' && method !== 'POST' && method !== 'GET') throw badUpgrade('a SPDY upgrade begins with POST or GET');
}
