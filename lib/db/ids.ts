import { randomBytes } from 'node:crypto';

const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A short, random, immutable id: 12 characters of 5 bits (60 bits), lower case and without look-alikes, so it can stand in Kubernetes names. */
export function newId(prefix: string): string {
  let id = `${prefix}-`;
  for (const byte of randomBytes(12)) id += alphabet[byte & 31];
  return id;
}
