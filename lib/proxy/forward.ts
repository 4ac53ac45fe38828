/**
 * Sends an admitted request on and its answer back, piece by piece, in the client's and the cluster's own pace. Nothing is kept and nothing
 * is read, save the head of a refusal (DECISIONS 11). An end that the cluster did not make never looks like one: only a watch that stands
 * between two events is ended, everything else is broken off.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerHeaders, applicationHeaders } from './answer-headers.ts';
import { type Follower, followWatch } from './boundaries.ts';
import { answerForCut } from './cut-answers.ts';
import type { Desk } from './desk.ts';
import { refusalOfOurs, refusedByHead } from './judge-answer.ts';
import { type Look, lookForOwnRefusal } from './own-refusal.ts';
import { answerRequest } from './status.ts';
import type { Impersonated } from './steps/impersonate.ts';
import type { Stream } from './streams.ts';
import { type AnswerHead, type AnswerListener, type Exchange, headerOf, type Upstreams } from './upstream.ts';

export interface Live extends Impersonated {
  readonly stream: Stream;
}

export function forward(
  live: Live,
  request: IncomingMessage,
  response: ServerResponse,
  { upstreams, desk, endCut }: { upstreams: Upstreams; desk: Desk; endCut(stream: Stream): void },
): Promise<void> {
  const { stream, cluster, call } = live;
  if (live.headers.expectsContinue) response.writeContinue();
  const body = live.headers.body.kind === 'none' ? null : request;
  return new Promise((resolve, reject) => {
    let follower: Follower | null = null;
    /** A 403 that waits for its body's first bytes. */
    let looked: { readonly head: AnswerHead; readonly look: Look } | null = null;

    function begin(head: AnswerHead): void {
      const { status, reason, rawHeaders } = head;
      const headers = live.target.tail === null ? answerHeaders(rawHeaders) : applicationHeaders(rawHeaders, cluster.name);
      // An answer that comes before the request is whole leaves the connection out of step for whatever follows on it.
      if (body !== null && !request.complete) headers.push('Connection', 'close');
      // Where only the end of the connection marks the end, ours must too: a last chunk would promise what nobody knows.
      else if (head.framing.kind === 'close') endByClosing(response);
      response.writeHead(status, reason, headers);
      if (stream.kind === 'watch' && status === 200) {
        follower = followWatch(headerOf(rawHeaders, 'content-type'), headerOf(rawHeaders, 'content-encoding') || undefined);
      }
      if (stream.kind !== 'request') response.flushHeaders();
    }

    function pass(piece: Buffer): void {
      if (!desk.gate.leaseIsGood()) endCut(stream);
      if (stream.cutFor !== null || response.destroyed) return;
      follower?.push(piece);
      if (response.write(piece)) return;
      exchange.pause();
      response.once('drain', () => exchange.resume());
    }

    /** True when the answer is the person's after all, and goes on. */
    function tell({ head, look }: NonNullable<typeof looked>): boolean {
      looked = null;
      const refused = look.tell();
      if (refused !== null) {
        exchange.abort();
        reject(refusalOfOurs(live, refused, desk));
        return false;
      }
      begin(head);
      const seen = look.seen();
      if (seen.length > 0) pass(seen);
      return true;
    }

    const listener: AnswerListener = {
      mayPass() {
        if (!desk.gate.leaseIsGood()) endCut(stream);
        return stream.cutFor === null;
      },
      onHead(head) {
        if (!desk.gate.leaseIsGood()) endCut(stream);
        if (stream.cutFor !== null) return;
        const refusal = refusedByHead(head, live, desk);
        if (refusal !== null) {
          exchange.abort();
          reject(refusal);
        } else if (head.status === 403) looked = { head, look: lookForOwnRefusal(head) };
        else begin(head);
      },
      onData(piece) {
        if (looked === null) pass(piece);
        else if (looked.look.see(piece)) tell(looked);
      },
      onEnd() {
        if (looked === null || tell(looked)) response.end();
      },
      onError(answer) {
        if (response.headersSent) response.destroy();
        else reject(answer);
      },
    };

    const isShared = body === null && call.method === 'GET' && (stream.kind === 'watch' || stream.kind === 'follow');
    const exchange: Exchange = isShared
      ? upstreams.follow(cluster, call, listener)
      : upstreams.send(cluster, call, body, stream.kind === 'request' ? 'firstByte' : 'endless', listener);

    stream.onCut((reason) => {
      exchange.abort();
      if (!response.headersSent) answerRequest(response, { ...answerForCut(reason).facts, close: true }, live.arrival.id);
      else if (follower?.atBoundary() && nothingQueued(response)) response.end();
      else response.destroy();
    });
    response.once('close', () => {
      if (!response.writableFinished) exchange.abort();
      resolve();
    });
  });
}

function endByClosing(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.useChunkedEncodingByDefault = false;
}

/** What still waits for a slow client would reach it after the cut. */
function nothingQueued(response: ServerResponse): boolean {
  return response.writableLength === 0 && (response.socket?.writableLength ?? 0) === 0;
}
