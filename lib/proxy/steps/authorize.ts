/**
 * What the door itself decides; what a person may do inside a cluster is decided there, by RBAC, as that person. Here: what the credential was
 * narrowed to, how fresh the directory's word must be for this kind of request, and whether the cluster knows the person's name yet.
 */
import type { WorldPerson } from '#lib/entitlement/types.ts';
import { directoryNotFresh, nameOnItsWay, narrowedCredential, readOnlyCredential } from '../answers.ts';
import type { Desk } from '../desk.ts';
import type { Described, Description } from './describe.ts';
import { liesWithin, merelyReads } from './narrowing.ts';

export interface Authorized extends Described {
  /** The bound that this request was let in under, kept for as long as it is open. */
  readonly freshnessBoundMs: number;
}

const sensitiveSubresources = new Set(['exec', 'attach', 'portforward', 'proxy']);

export function authorize(former: Described, { world, bounds, now }: Desk): Authorized {
  const { description, credential, person, cluster } = former;
  const isUpgrade = former.headers.upgrade !== null;
  if (credential.readOnly && !merelyReads(description, isUpgrade)) throw readOnlyCredential();
  const { namespaces } = credential;
  if (namespaces !== null && !liesWithin(namespaces, former.arrival.method, former.target.segments, description, isUpgrade))
    throw narrowedCredential(namespaces);
  const at = now();
  const bound = isSensitive(description) || world.portalPowers(person.id, at).admin ? bounds.sensitiveMs : bounds.ordinaryMs;
  if (!isFresh(world, person, bound, at)) throw directoryNotFresh(Math.round(bound / 60_000));
  if (cluster.strict && !world.hasEntered(cluster.id, person.wireName)) throw nameOnItsWay();
  return { ...former, freshnessBoundMs: bound };
}

export function isFresh(
  world: Pick<Desk['world'], 'freshness'>,
  person: Pick<WorldPerson, 'directoryId'>,
  boundMs: number,
  now: Date,
): boolean {
  const freshAt = world.freshness(person.directoryId);
  return freshAt !== null && now.getTime() - freshAt <= boundMs;
}

function isSensitive({ isResource, resource, subresource, group }: Description): boolean {
  return isResource && ((group === '' && resource === 'secrets') || sensitiveSubresources.has(subresource));
}
