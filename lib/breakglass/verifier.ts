/**
 * What proves who somebody is: the password's hash and the secret of the one-time codes, in one envelope that only the worker opens. A copy of
 * the database gives nobody a hash to try passwords on, and an envelope that was moved to another account does not open.
 */
import { z } from 'zod';
import { type OpeningKey, open, type SealingKey, seal } from '#lib/config/keys.ts';
import { passwordHash } from './password.ts';

const shape = z.object({ password: passwordHash, oneTimeSecret: z.string().regex(/^[A-Z2-7]{16,64}$/) });
export type Verifier = z.output<typeof shape>;

export function sealVerifier(key: SealingKey, accountId: string, verifier: Verifier): Buffer {
  return seal(key, Buffer.from(JSON.stringify(verifier), 'utf8'), contextOf(accountId));
}

export function openVerifier(key: OpeningKey, accountId: string, sealed: Uint8Array): Verifier {
  return shape.parse(JSON.parse(open(key, sealed, contextOf(accountId)).toString('utf8')));
}

function contextOf(accountId: string): string {
  return `break-glass:${accountId}`;
}
