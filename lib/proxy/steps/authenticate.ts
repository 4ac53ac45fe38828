/** Whose request this is. Decided before the cluster's name is looked at; one 401 for every way of not being somebody. */
import { verifyToken } from '#lib/credential/verify.ts';
import type { WorldCredential, WorldPerson } from '#lib/entitlement/types.ts';
import { leaseOver, unauthenticated } from '../answers.ts';
import type { Desk } from '../desk.ts';
import type { Received } from './receive.ts';

export interface Authenticated extends Received {
  readonly credential: WorldCredential;
  readonly person: WorldPerson;
}

export function authenticate(former: Received, { world, gate, hashKey, now }: Desk): Authenticated {
  if (!gate.leaseIsGood()) throw leaseOver();
  const { token } = former.headers;
  if (token === null) throw unauthenticated('no bearer token');
  const at = now();
  const verified = verifyToken(world, hashKey, token, 'kubeconfig', at);
  if ('flaw' in verified) throw unauthenticated(`the credential ${verified.credentialId ?? ''} is ${verified.flaw}`);
  const { credential } = verified;
  const refusal = gate.refusal(credential.personId, credential.id, at);
  if (refusal === 'lease-over') throw leaseOver();
  if (refusal) throw unauthenticated(refusal);
  const person = world.person(credential.personId);
  if (!person) throw unauthenticated('the person is unknown');
  return { ...former, credential, person };
}
