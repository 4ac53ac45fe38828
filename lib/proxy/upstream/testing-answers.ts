/** An answer read by our own reader, from text that comes in pieces and then ends. */
import type { AnswerHead } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';

export interface ReadAnswer {
  readonly head: AnswerHead | null;
  /** In latin1. */
  readonly body: string;
  readonly isWhole: boolean;
  readonly isReusable: boolean;
  readonly malformed: string | null;
  readonly switched: string | null;
}

export interface Reading {
  /** Of each piece, or the places where the text is cut. */
  readonly size?: number;
  readonly cuts?: readonly number[];
  readonly method?: string;
  readonly maySwitch?: boolean;
}

export function read(text: string, { size = 5, cuts, method = 'GET', maySwitch = false }: Reading = {}): ReadAnswer {
  const bytes = Buffer.from(text, 'latin1');
  let head: AnswerHead | null = null;
  let body = '';
  let switched: string | null = null;
  let malformed: string | null = null;
  const reader = new AnswerReader(method, {
    onHead(read) {
      head = read;
    },
    onData(piece) {
      body += piece.toString('latin1');
    },
    ...(maySwitch
      ? {
          onSwitch(read: AnswerHead, rest: Buffer) {
            head = read;
            switched = rest.toString('latin1');
          },
        }
      : {}),
  });
  try {
    for (const piece of inPieces(bytes, size, cuts)) reader.push(piece);
  } catch (error) {
    malformed = error instanceof Error ? error.message : String(error);
  }
  const isReusable = malformed === null && reader.leavesSocketGood;
  const isWhole = malformed === null && reader.eof();
  return { head, body, isWhole, isReusable, malformed, switched };
}

/** How many bytes of the text the first answer takes. */
export function endOf(text: string, method: string): number {
  const reader = new AnswerReader(method, { onHead() {}, onData() {} });
  let at = 0;
  while (at < text.length && !reader.over) {
    reader.push(Buffer.from(text[at] ?? '', 'latin1'));
    at += 1;
  }
  return at;
}

export function inPieces(bytes: Buffer, size: number, cuts?: readonly number[]): Buffer[] {
  const places = cuts ? [...new Set(cuts)].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b) : everyNth(bytes.length, size);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length)).filter(({ length }) => length > 0);
}

function everyNth(length: number, size: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil(length / size) - 1) }, (_, i) => (i + 1) * size);
}
