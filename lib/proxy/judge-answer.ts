/** Whose is an answer to hear? A redirect is nobody's, a refusal of our own account is ours; everything else is the person's. */
import { type Answer, beyondCeiling, clusterCredentialInvalid, clusterRedirected, groupOnItsWay } from './answers.ts';
import type { Desk } from './desk.ts';
import { grantedBy } from './granted.ts';
import type { OwnRefusal } from './refusal-words.ts';
import type { Impersonated } from './steps/impersonate.ts';
import type { AnswerHead } from './upstream.ts';

/** What the client hears instead; null when the answer may go on (a 403 only once its body was looked at). */
export function refusedByHead({ status }: AnswerHead, live: Impersonated, { doorCredentials }: Desk): Answer | null {
  const isApplication = live.target.tail !== null && live.headers.upgrade === null;
  if (isApplication) return null;
  if (status >= 300 && status < 400 && status !== 304) return clusterRedirected();
  if (status !== 401) return null;
  doorCredentials.forget(live.cluster.id);
  return clusterCredentialInvalid('the cluster answered 401 to our own token');
}

/**
 * Our account was refused, not the person: a broken credential of ours, or a grant that the cluster has not heard of yet. Or it is beyond what
 * our account may do in anybody's name there (constrained impersonation), and no grant gives it to this person: then it is their refusal, in
 * the API server's words about them.
 */
export function refusalOfOurs(live: Impersonated, refused: OwnRefusal, { doorCredentials, groupArrivals, world }: Desk): Answer {
  const { cluster, person, platformGroups, description } = live;
  if (refused.of === 'ceiling') {
    const granted = grantedBy(live, world);
    if (granted === null) return beyondCeiling(refused.words(person.wireName), description);
    const { verb, group, resource, subresource, namespace } = description;
    const what = `${verb} ${resource}/${subresource} ${group} ${namespace}`;
    if (granted === 'role' && groupArrivals.mayBeOnTheWay(cluster.id, [...platformGroups, what])) return groupOnItsWay();
  }
  if (refused.of === 'groups' && groupArrivals.mayBeOnTheWay(cluster.id, platformGroups)) return groupOnItsWay();
  doorCredentials.forget(cluster.id);
  return clusterCredentialInvalid(`the cluster does not let our account ${refusedInWords[refused.of]}`);
}

const refusedInWords = {
  account: 'act as this person',
  groups: 'act as this person’s groups',
  ceiling: 'do in a person’s name what it was told to let through',
} as const;
