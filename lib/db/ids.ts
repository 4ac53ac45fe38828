import { randomBytes } from 'node:crypto';

const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A short, random, immutable id: 12 characters of 5 bits (60 bits), lower case and without look-alikes, so it can stand in Kubernetes names. */
export function newId(prefix: string): string {
  return idFrom(prefix, randomBytes(12));
}

/** The same in form, out of given bytes: a place among the ids, not an id of anything. */
export function idFrom(prefix: string, bytes: Uint8Array): string {
  let id = `${prefix}-`;
  for (const byte of bytes) id += alphabet[byte & 31];
  return id;
}
