/**
 * Is this 403 about us? The API server refuses either the person (theirs to hear) or our own account (a broken credential of ours, theirs to
 * be told as 502 and an operator's to mend). Only the first 4 KB are looked at, and of those only the message (refusal-words.ts).
 */
import { type OwnRefusal, ownRefusalIn, statusMessageIn } from './refusal-words.ts';
import { type AnswerHead, headerOf } from './upstream.ts';

const lookAtBytes = 4_096;

export interface Look {
  /** True once enough was seen to tell. */
  see(piece: Buffer): boolean;
  /** What our account was refused; null when the refusal is the person's. */
  tell(): OwnRefusal | null;
  /** All that was seen, to be passed on. */
  seen(): Buffer;
}

export function lookForOwnRefusal({ rawHeaders }: AnswerHead): Look {
  const contentType = headerOf(rawHeaders, 'content-type');
  const pieces: Buffer[] = [];
  let bytes = 0;
  const seen = () => Buffer.concat(pieces);
  return {
    see(piece) {
      pieces.push(piece);
      bytes += piece.length;
      return bytes >= lookAtBytes;
    },
    tell: () => ownRefusalIn(statusMessageIn(contentType, seen().subarray(0, lookAtBytes)) ?? ''),
    seen,
  };
}
