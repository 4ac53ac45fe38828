/**
 * A request's body on its way up: framed anew by us, in the cluster's pace. A body that ends short of its length, or breaks off, takes the
 * socket with it, so that the cluster never takes a part for the whole.
 */
import type { Readable } from 'node:stream';
import type { BodyFraming } from './call.ts';

export interface UploadEvents {
  /** Asked before each piece; whoever says no ends the exchange. */
  mayPass(): boolean;
  /** True as `write` of a socket: take more. */
  write(bytes: Buffer | string): boolean;
  cork(): void;
  uncork(): void;
  onWhole(): void;
  onBroken(): void;
}

export class Upload {
  readonly #body: Readable;
  readonly #isChunked: boolean;
  readonly #events: UploadEvents;
  #left: number;

  constructor(body: Readable, framing: BodyFraming, events: UploadEvents) {
    this.#body = body;
    this.#isChunked = framing.kind === 'chunked';
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.#events = events;
    body.on('data', this.#send);
    body.on('end', this.#end);
    body.on('error', this.#broken);
    body.on('close', this.#broken);
    if (body.destroyed) process.nextTick(this.#broken);
  }

  /** The socket took what it had. */
  onDrain(): void {
    this.#body.resume();
  }

  /** Nobody up there wants more of it. */
  stop(): void {
    this.#body.off('data', this.#send);
    this.#body.off('end', this.#end);
    this.#body.off('error', this.#broken);
    this.#body.off('close', this.#broken);
    this.#body.on('error', () => {});
  }

  #send = (chunk: Buffer): void => {
    if (!this.#events.mayPass()) return;
    if (!this.#isChunked) {
      this.#left -= chunk.length;
      if (this.#left < 0) this.#broken();
      else if (!this.#events.write(chunk)) this.#body.pause();
      return;
    }
    if (chunk.length === 0) return;
    this.#events.cork();
    this.#events.write(`${chunk.length.toString(16)}\r\n`);
    this.#events.write(chunk);
    const more = this.#events.write('\r\n');
    this.#events.uncork();
    if (!more) this.#body.pause();
  };

  #end = (): void => {
    if (this.#left !== 0) {
      this.#broken();
      return;
    }
    this.stop();
    if (this.#isChunked) this.#events.write('0\r\n\r\n');
    this.#events.onWhole();
  };

  #broken = (): void => {
    this.stop();
    this.#events.onBroken();
  };
}
