/** One request or upgrade from its arrival to its end: let in, sent on, and whatever becomes of it answered, counted and noted. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Admission } from './admission.ts';
import { asAnswer } from './answers.ts';
import type { Connections } from './connections.ts';
import { forward } from './forward.ts';
import type { Serving } from './listener.ts';
import type { Metrics } from './metrics.ts';
import type { Notes } from './notes.ts';
import { answerRequest, answerSocket } from './status.ts';
import type { Impersonated } from './steps/impersonate.ts';
import { kindOf } from './stream-facts.ts';
import type { Stream } from './streams.ts';
import { tunnel } from './tunnel.ts';
import type { Arrival } from './types.ts';

export interface ServingOptions {
  readonly admission: Admission;
  readonly connections: Pick<Connections, 'known'>;
  readonly notes: Notes;
  readonly metrics: Pick<Metrics, 'request'>;
  /** What forwarding and tunnelling need besides the exchange itself. */
  readonly hands: Parameters<typeof forward>[3] & Parameters<typeof tunnel>[3];
  isOpen(): boolean;
}

export function createServing({ admission, connections, notes, metrics, hands, isOpen }: ServingOptions): Serving {
  return { request: serveRequest, upgrade: serveUpgrade };

  async function serveRequest(arrival: Arrival, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    let reached: Partial<Impersonated> = {};
    let stream: Stream | null = null;
    response.once('close', () => {
      const seconds = (performance.now() - began) / 1_000;
      metrics.request({
        cluster: reached.cluster?.name ?? '',
        verb: reached.description?.verb ?? arrival.method.toLowerCase(),
        status: response.statusCode,
        seconds: stream === null || stream.kind === 'request' ? seconds : null,
      });
      notes.answered(arrival, reached, response.statusCode, seconds);
    });
    try {
      const live = await admission.open(arrival, (progress) => {
        reached = progress;
      });
      stream = live.stream;
      connections.known(request.socket);
      if (response.destroyed) return;
      await forward(live, request, response, hands);
    } catch (error) {
      const answer = asAnswer(error);
      notes.refused(answer, arrival, reached);
      // What of the body is still to come would be read as the next request.
      const close = answer.facts.close === true || !request.complete || !isOpen();
      answerRequest(response, { ...answer.facts, close }, arrival.id);
      if (close) response.once('finish', () => request.socket.destroySoon());
    } finally {
      if (stream) admission.close(stream);
    }
  }

  async function serveUpgrade(arrival: Arrival, socket: Duplex, head: Buffer): Promise<void> {
    let reached: Partial<Impersonated> = {};
    let stream: Stream | null = null;
    let status = 0;
    try {
      const live = await admission.open(arrival, (progress) => {
        reached = progress;
      });
      stream = live.stream;
      connections.known(socket);
      notes.opened(live);
      ({ status } = await tunnel(live, socket, head, hands));
    } catch (error) {
      const answer = asAnswer(error);
      status = answer.facts.status;
      notes.refused(answer, arrival, reached);
      answerSocket(socket, answer.facts, arrival.id);
    } finally {
      if (stream) {
        notes.closed(stream);
        admission.close(stream);
      }
      metrics.request({
        cluster: reached.cluster?.name ?? '',
        verb: kindOf(reached) ?? 'upgrade',
        status,
        seconds: null,
      });
    }
  }
}
