/**
 * Is this token good? Answered from memory: one keyed hash, one look into the world, no query. Why it is not good is for the log alone;
 * whoever holds a bad token learns only that it is bad. The look is by the hash, whose key no client has: how long it takes says nothing
 * about any token, and a row that somebody might have put under a stranger's hash is refused because its id is another.
 */
import { keyedHash } from '#lib/config/keys.ts';
import type { World, WorldCredential } from '#lib/entitlement/types.ts';
import { credentialIdIn } from './token.ts';

export type CredentialFlaw = 'malformed' | 'unknown' | 'of-another-kind' | 'revoked' | 'expired';

export type Verified = { readonly credential: WorldCredential } | { readonly flaw: CredentialFlaw; readonly credentialId: string | null };

export function verifyToken(
  world: Pick<World, 'credentialByHash'>,
  hashKey: Buffer,
  token: string,
  kind: WorldCredential['kind'],
  now: Date,
): Verified {
  const credentialId = credentialIdIn(token);
  if (credentialId === null) return { flaw: 'malformed', credentialId };
  const credential = world.credentialByHash(keyedHash(hashKey, token).toString('hex'));
  if (!credential || credential.id !== credentialId) return { flaw: 'unknown', credentialId };
  if (credential.kind !== kind) return { flaw: 'of-another-kind', credentialId };
  const flaw = flawOf(credential, now);
  return flaw ? { flaw, credentialId } : { credential };
}

/** What time and revocation have done to a credential since it was issued. */
export function flawOf(credential: WorldCredential, now: Date): 'revoked' | 'expired' | null {
  if (credential.revokedAt !== null) return 'revoked';
  return credential.expiresAt <= now.getTime() ? 'expired' : null;
}
