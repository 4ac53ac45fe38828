/**
 * Up to where a domain controller knows the changes of each of its partners: replUpToDateVector of the domain's head. What a partner wrote at
 * a USN not above its cursor has arrived here, by whatever way it took. Readable by any account that may read the domain's head.
 */
import { guidFromBytes } from './guid.ts';
import { dateFromFileTime } from './time.ts';

export interface Cursor {
  readonly usn: bigint;
  /** When it last heard from that partner; null where it does not say. */
  readonly heardAt: Date | null;
}

/** By invocationId. */
export type UpToDateness = ReadonlyMap<string, Cursor>;

const headBytes = 16;
/** Of version 1 and 2: with 2 came the time of the last success. */
const rowBytes: Readonly<Record<number, number>> = { 1: 24, 2: 32 };

/** Null when it is absent, cut short, or of a form that we do not know. */
export function readUpToDateVector(bytes: Buffer | null): UpToDateness | null {
  if (!bytes || bytes.length < headBytes) return null;
  const width = rowBytes[bytes.readUInt32LE(0)];
  const count = bytes.readUInt32LE(8);
  if (!width || bytes.length < headBytes + count * width) return null;
  const cursors = new Map<string, Cursor>();
  for (let at = headBytes; at < headBytes + count * width; at += width) {
    cursors.set(guidFromBytes(bytes.subarray(at, at + 16)), {
      usn: bytes.readBigUInt64LE(at + 16),
      heardAt: width === 32 ? heardAt(bytes.readBigUInt64LE(at + 24)) : null,
    });
  }
  return cursors;
}

const ticksPerSecond = 10_000_000n;
const secondsAtMost = 1_000_000_000_000n;

/** Windows counts seconds since 1601 here, Samba 100 ns; and Samba says "1970" for never. */
function heardAt(time: bigint): Date | null {
  const date = dateFromFileTime(String(time < secondsAtMost ? time * ticksPerSecond : time));
  return date && date.getTime() > 0 ? date : null;
}
