/**
 * What the door itself decides; what a person may do inside a cluster is decided there, by RBAC, as that person. Here: a credential that may
 * only read, how fresh the directory's word must be for this kind of request, and whether the cluster knows the person's name yet.
 */
import type { WorldPerson } from '#lib/entitlement/types.ts';
import { directoryNotFresh, nameOnItsWay, readOnlyCredential } from '../answers.ts';
import type { Desk } from '../desk.ts';
import type { Described, Description } from './describe.ts';

export interface Authorized extends Described {
  /** The bound that this request was let in under, kept for as long as it is open. */
  readonly freshnessBoundMs: number;
}

const readVerbs = new Set(['get', 'list', 'watch']);
/** Reached by `get`, and doing far more than reading. */
const neverMerelyRead = new Set(['exec', 'attach', 'portforward', 'proxy']);
const sensitiveSubresources = neverMerelyRead;
/** Questions about oneself, asked by POST. */
const selfReviews = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews']);

export function authorize(former: Described, { world, bounds, now }: Desk): Authorized {
  const { description, credential, person, cluster } = former;
  if (credential.readOnly && !merelyReads(description, former.headers.upgrade !== null)) throw readOnlyCredential();
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

function merelyReads({ isResource, verb, resource, subresource }: Description, isUpgrade: boolean): boolean {
  if (isResource && neverMerelyRead.has(subresource)) return false;
  if (isResource && verb === 'create' && selfReviews.has(resource)) return true;
  if (isUpgrade && verb !== 'watch' && subresource !== 'log') return false;
  return readVerbs.has(verb) || verb === 'head' || verb === 'options';
}
