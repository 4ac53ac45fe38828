/**
 * One answer off a socket, from its first byte to its last and not one further. Knows no socket: bytes go in, the parts of the answer come
 * out, and whatever is not exactly one answer is Malformed. What stands behind the end is never delivered; it only tells that the socket
 * is out of step.
 */
import { type AnswerHead, Malformed, readAnswerHead } from './answer-head.ts';
import { ChunkReader } from './chunks.ts';

export interface AnswerParts {
  onHead(head: AnswerHead): void;
  onData(piece: Buffer): void;
  /** Behind a 101 that was asked for: the bytes that came along with it are the new protocol's. */
  onSwitch?(head: AnswerHead, rest: Buffer): void;
}

export const headBytesMax = 256 * 1_024;
const interimMax = 16;
const beginning = Buffer.from('HTTP/1.');
const headEnd = Buffer.from('\r\n\r\n');

type State = 'head' | 'length' | 'chunked' | 'close' | 'over';

export class AnswerReader {
  readonly #method: string;
  readonly #parts: AnswerParts;
  #state: State = 'head';
  /** A head that came in pieces, gathered in a buffer that doubles. */
  #gathered: Buffer | null = null;
  #gatheredBytes = 0;
  #interims = 0;
  #left = 0;
  #chunks: ChunkReader | null = null;
  #head: AnswerHead | null = null;
  #surplus = false;

  constructor(method: string, parts: AnswerParts) {
    this.#method = method;
    this.#parts = parts;
  }

  /** The answer is whole: nothing more will come of it. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** The socket stands exactly behind the answer, and the cluster left it open for another. Known once all bytes at hand were pushed. */
  get leavesSocketGood(): boolean {
    return this.#state === 'over' && !this.#surplus && this.#head?.keepAlive === true && this.#head.framing.kind !== 'close';
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'head') at = this.#readHead(bytes, at);
      else if (this.#state === 'over') {
        this.#surplus = true;
        return;
      } else at = this.#readBody(bytes, at);
    }
  }

  /** The socket ended. True when that was the answer's end. */
  eof(): boolean {
    if (this.#state === 'over') return true;
    if (this.#state !== 'close') return false;
    this.#state = 'over';
    return true;
  }

  #readHead(bytes: Buffer, from: number): number {
    const piece = from === 0 ? bytes : bytes.subarray(from);
    const before = this.#gatheredBytes;
    const whole = before === 0 ? piece : this.#gather(piece);
    const checked = Math.min(whole.length, beginning.length);
    if (whole.compare(beginning, 0, checked, 0, checked) !== 0) throw new Malformed('no HTTP answer');
    const end = whole.indexOf(headEnd, Math.max(0, before - 3));
    if ((end === -1 ? whole.length : end) > headBytesMax) throw new Malformed(`a head above ${headBytesMax} bytes`);
    if (end === -1) {
      if (before === 0) this.#gather(piece);
      return bytes.length;
    }
    const head = readAnswerHead(whole.toString('latin1', 0, end + 4));
    this.#gathered = null;
    this.#gatheredBytes = 0;
    const at = from + end + 4 - before;
    this.#began(head, bytes, at);
    return head.status === 101 ? bytes.length : at;
  }

  #gather(piece: Buffer): Buffer {
    const bytes = this.#gatheredBytes + piece.length;
    if (this.#gathered === null || this.#gathered.length < bytes) {
      const larger = Buffer.allocUnsafe(Math.max(4_096, bytes * 2));
      this.#gathered?.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    piece.copy(this.#gathered, this.#gatheredBytes);
    this.#gatheredBytes = bytes;
    return this.#gathered.subarray(0, bytes);
  }

  #began(head: AnswerHead, bytes: Buffer, at: number): void {
    if (head.status < 200) {
      this.#interim(head, bytes, at);
      return;
    }
    const { framing } = head;
    if (head.status === 204 && (framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0)))
      throw new Malformed('a body where there is none');
    const isBodyless = head.status === 204 || head.status === 304 || this.#method === 'HEAD';
    this.#head = isBodyless ? { ...head, framing: { kind: 'none' } } : head;
    if (isBodyless || framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)) {
      this.#state = 'over';
      this.#parts.onHead(this.#head);
      return;
    }
    this.#state = framing.kind;
    if (framing.kind === 'length') this.#left = framing.bytes;
    if (framing.kind === 'chunked') this.#chunks = new ChunkReader();
    this.#parts.onHead(head);
  }

  #interim(head: AnswerHead, bytes: Buffer, at: number): void {
    if (head.framing.kind !== 'close') throw new Malformed('a body behind an interim answer');
    if (!head.keepAlive) throw new Malformed('an interim answer that is the last');
    if (head.status !== 101) {
      this.#interims += 1;
      if (this.#interims > interimMax) throw new Malformed('interim answers without end');
      return;
    }
    if (!this.#parts.onSwitch) throw new Malformed('another protocol that nobody asked for');
    this.#head = { ...head, keepAlive: false };
    this.#state = 'over';
    this.#parts.onSwitch(head, bytes.subarray(at));
  }

  #readBody(bytes: Buffer, at: number): number {
    if (this.#state === 'chunked' && this.#chunks) {
      const end = this.#chunks.read(bytes, at, (piece) => this.#parts.onData(piece));
      if (this.#chunks.over) this.#state = 'over';
      return end;
    }
    const end = this.#state === 'length' ? Math.min(bytes.length, at + this.#left) : bytes.length;
    if (this.#state === 'length') this.#left -= end - at;
    if (this.#state === 'length' && this.#left === 0) this.#state = 'over';
    this.#parts.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    return end;
  }
}
