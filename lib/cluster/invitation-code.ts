// The one-time code of a registration by kubectl apply: 160 random bits, of which we keep a hash. Portal and worker share this file.
import { createHash, randomBytes } from 'node:crypto';
import { type Fault, fault } from '#lib/errors/fault.ts';

export const invitationMinutes = 15;

/** Of letters that survive a shell, a URL and a telephone. */
export function newCode(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(32)].map((byte) => alphabet[byte & 31]).join('');
}

export function hashOfCode(code: string): Buffer {
  return createHash('sha256').update(code, 'utf8').digest();
}

/** The same answer for unknown, spent and over: a stranger learns nothing by trying. */
export function notInvited(): Fault {
  return fault(
    'not-found',
    'cluster.not-invited',
    'This registration is not known, was used already or is older than 15 minutes. Begin again on the clusters page.',
  );
}
