/**
 * Sends an admitted request on and its answer back, chunk by chunk, in the client's and the cluster's own pace. Nothing is kept and nothing
 * is read, save the head of a refusal (DECISIONS 11). An end that the cluster did not make never looks like one: only a watch that stands
 * between two events is ended, everything else is broken off.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { answerHeaders } from './answer-headers.ts';
import { type Answer, clusterCredentialInvalid, clusterRedirected, groupOnItsWay } from './answers.ts';
import { type Follower, followWatch } from './boundaries.ts';
import { answerForCut } from './cut-answers.ts';
import type { Desk } from './desk.ts';
import { lookForOwnRefusal } from './own-refusal.ts';
import { answerRequest } from './status.ts';
import type { Impersonated } from './steps/impersonate.ts';
import type { Stream } from './streams.ts';
import type { Exchange, Upstreams } from './upstream.ts';

export interface Live extends Impersonated {
  readonly stream: Stream;
}

export async function forward(
  live: Live,
  request: IncomingMessage,
  response: ServerResponse,
  { upstreams, desk, endCut }: { upstreams: Upstreams; desk: Desk; endCut(stream: Stream): void },
): Promise<void> {
  const { stream } = live;
  if (live.headers.expectsContinue) response.writeContinue();
  const body = live.headers.body.kind === 'none' ? null : request;
  const exchange = upstreams.send(live.cluster, live.call, body, stream.kind === 'request' ? 'firstByte' : 'endless');
  // Whoever cuts does not wait for the answer, and nobody else hears it fail.
  exchange.answer.catch(() => {});
  const followed: { follower: Follower | null } = { follower: null };
  stream.onCut((reason) => {
    exchange.abort();
    if (!response.headersSent) answerRequest(response, { ...answerForCut(reason).facts, close: true }, live.arrival.id);
    else if (followed.follower?.atBoundary() && nothingQueued(response)) response.end();
    else response.destroy();
  });
  response.once('close', () => {
    if (!response.writableFinished) exchange.abort();
  });

  const answer = await exchange.answer;
  if (stream.cutFor !== null) return;
  const judged = await judgeAnswer(live, answer, exchange, desk);
  if (stream.cutFor !== null) return;
  const status = answer.statusCode ?? 502;
  // An answer that comes before the request is whole leaves the connection out of step for whatever follows on it.
  const early = body !== null && !request.complete;
  response.writeHead(status, answer.statusMessage ?? '', [...answerHeaders(answer.rawHeaders), ...(early ? ['Connection', 'close'] : [])]);
  if (stream.kind === 'watch' && status === 200) {
    followed.follower = followWatch(answer.headers['content-type'] ?? '', answer.headers['content-encoding']);
  }
  if (stream.kind !== 'request') response.flushHeaders();
  await relay(judged, response, (chunk) => {
    if (!desk.gate.leaseIsGood()) endCut(stream);
    if (stream.cutFor !== null) return false;
    followed.follower?.push(chunk);
    return true;
  });
  if (early && !request.complete) exchange.abort();
}

/** The body to relay, once it is clear that this answer is the person's to hear. */
async function judgeAnswer(live: Live, answer: IncomingMessage, exchange: Exchange, desk: Desk): Promise<Readable> {
  const status = answer.statusCode ?? 502;
  const isApplication = live.target.tail !== null;
  if (status >= 300 && status < 400 && status !== 304 && !isApplication) {
    exchange.abort();
    throw clusterRedirected();
  }
  if (status === 401 && !isApplication) {
    exchange.abort();
    desk.doorCredentials.forget(live.cluster.id);
    throw clusterCredentialInvalid('the cluster answered 401 to our own token');
  }
  if (status !== 403) return answer;
  const { refused, body } = await lookForOwnRefusal(answer);
  if (refused === null) return body;
  exchange.abort();
  throw refusalOfOurs(live, refused, desk);
}

/** Our account was refused, not the person: a broken credential of ours, or a grant that the cluster has not heard of yet. */
export function refusalOfOurs(live: Impersonated, refused: 'groups' | 'account', { doorCredentials, groupArrivals }: Desk): Answer {
  if (refused === 'groups' && groupArrivals.mayBeOnTheWay(live.cluster.id, live.platformGroups)) return groupOnItsWay();
  doorCredentials.forget(live.cluster.id);
  return clusterCredentialInvalid(
    `the cluster does not let our account act as this ${refused === 'groups' ? 'person’s groups' : 'person'}`,
  );
}

function relay(body: Readable, response: ServerResponse, mayPass: (chunk: Buffer) => boolean): Promise<void> {
  return new Promise((resolve) => {
    body.on('data', (chunk: Buffer) => {
      if (response.destroyed || !mayPass(chunk) || response.write(chunk)) return;
      body.pause();
      response.once('drain', () => body.resume());
    });
    body.on('error', () => response.destroy());
    body.once('end', () => response.end());
    body.once('close', () => {
      if (!body.readableEnded) response.destroy();
    });
    response.once('close', () => {
      if (!body.destroyed && !body.readableEnded) body.destroy();
      resolve();
    });
    if (response.destroyed) resolve();
  });
}

/** What still waits for a slow client would reach it after the cut. */
function nothingQueued(response: ServerResponse): boolean {
  return response.writableLength === 0 && (response.socket?.writableLength ?? 0) === 0;
}
