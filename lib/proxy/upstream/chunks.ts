/** A chunked body, taken apart byte by byte as it comes: sizes in plain hexadecimal, extensions bounded and dropped, trailers checked and dropped. */
import { checkTrailers, Malformed } from './answer-head.ts';

const sizeLineMax = 1_024;
/** Of all size lines of one body together, beyond the sizes themselves: padding without end is an attack, not a body. */
const extensionsMax = 16 * 1_024;
const trailersMax = 16 * 1_024;
const sizeLine =
  /^([0-9A-Fa-f]{1,12})((?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))?)*)$/;
const cr = 0x0d;
const lf = 0x0a;

type State = 'size' | 'data' | 'dataEnd' | 'trailers' | 'over';

export class ChunkReader {
  #state: State = 'size';
  #line = '';
  #left = 0;
  #extensions = 0;

  get over(): boolean {
    return this.#state === 'over';
  }

  /** Reads from `at` on, hands over what is body, and says where it stopped: at the end of the bytes or of the body. */
  read(bytes: Buffer, from: number, onData: (piece: Buffer) => void): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'over') {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = 'dataEnd';
        onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
        at = end;
      } else at = this.#readLine(bytes, at);
    }
    return at;
  }

  #readLine(bytes: Buffer, from: number): number {
    const lineEnd = bytes.indexOf(lf, from);
    const end = lineEnd === -1 ? bytes.length : lineEnd + 1;
    this.#line += bytes.toString('latin1', from, end);
    const max = this.#state === 'trailers' ? trailersMax : this.#state === 'dataEnd' ? 2 : sizeLineMax;
    if (this.#line.length > max) throw new Malformed(`a line of a chunked body above ${max} bytes`);
    if (lineEnd === -1) {
      if (this.#state === 'dataEnd' && this.#line.charCodeAt(0) !== cr) throw new Malformed('a chunk longer than it said');
      return end;
    }
    if (this.#state === 'dataEnd') this.#endData();
    else if (this.#state === 'size') this.#beginChunk();
    else this.#readTrailer();
    return end;
  }

  #endData(): void {
    if (this.#line !== '\r\n') throw new Malformed('a chunk longer than it said');
    this.#line = '';
    this.#state = 'size';
  }

  #beginChunk(): void {
    const line = this.#line;
    this.#line = '';
    const [, size = '', extensions = ''] = (line.endsWith('\r\n') ? sizeLine.exec(line.slice(0, -2)) : null) ?? [];
    if (size === '') throw new Malformed('a chunk without a size');
    this.#extensions += extensions.length;
    if (this.#extensions > extensionsMax) throw new Malformed('chunk extensions without end');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'data';
  }

  /** Ends at the empty line, which may be the first. */
  #readTrailer(): void {
    if (this.#line !== '\r\n' && !this.#line.endsWith('\r\n\r\n')) return;
    checkTrailers(this.#line);
    this.#state = 'over';
  }
}
