/**
 * Which of two domain controllers knows the newer value of an attribute: the one whose replication stamp is higher (version, then
 * originating time, then originating server), the rule by which they settle it among themselves. USNs are each server's own, and
 * whenChanged does not replicate.
 */
import { guidFromBytes } from './guid.ts';

export interface Stamp {
  readonly version: number;
  /** Seconds since 1601: compared, never shown. */
  readonly time: number;
  readonly server: string;
}

export const stampedAttributes = { userAccountControl: 0x90008, accountExpires: 0x9009f, lockoutTime: 0x90296 } as const;
export type StampedAttribute = keyof typeof stampedAttributes;
export type Stamps = Readonly<Partial<Record<StampedAttribute, Stamp>>>;

const nameOf = new Map(Object.entries(stampedAttributes).map(([name, id]) => [id as number, name as StampedAttribute]));
const headBytes = 16;
const rowBytes = 48;

/** Reads replPropertyMetaData; null when it is absent or of a form we do not know. */
export function stampsFromMetaData(bytes: Buffer | null): Stamps | null {
  if (!bytes || bytes.length < headBytes || bytes.readUInt32LE(0) !== 1) return null;
  const count = bytes.readUInt32LE(8);
  if (bytes.length < headBytes + count * rowBytes) return null;
  const stamps: Partial<Record<StampedAttribute, Stamp>> = {};
  for (let n = 0; n < count; n++) {
    const at = headBytes + n * rowBytes;
    const name = nameOf.get(bytes.readUInt32LE(at));
    if (!name) continue;
    stamps[name] = {
      version: bytes.readUInt32LE(at + 4),
      time: Number(bytes.readBigUInt64LE(at + 8)),
      server: guidFromBytes(bytes.subarray(at + 16, at + 32)),
    };
  }
  return stamps;
}

/** Whether any attribute is newer in the first. */
export function knowsMore(one: Stamps | null, other: Stamps | null): boolean {
  if (!one || !other) return false;
  return (Object.entries(one) as [StampedAttribute, Stamp][]).some(([name, stamp]) => {
    const beside = other[name];
    return beside !== undefined && isOlder(beside, stamp);
  });
}

export function isOlder(one: Stamp, other: Stamp): boolean {
  if (one.version !== other.version) return one.version < other.version;
  if (one.time !== other.time) return one.time < other.time;
  return one.server < other.server;
}
