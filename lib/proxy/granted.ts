/**
 * What this person's grants say of this request, read from the roles themselves. Asked only when a cluster refused our account a thing that it
 * must not do in anybody's name (the ceiling): then it tells a grant on its way there from a right that nobody gave. Pure.
 */
import { grantedToEverybody } from '#lib/cluster/ceiling.ts';
import { isNonResource, permits } from '#lib/entitlement/rules.ts';
import type { PolicyRule, World } from '#lib/entitlement/types.ts';
import type { Impersonated } from './steps/impersonate.ts';

type Asked = Pick<Impersonated, 'cluster' | 'description' | 'platformGroups' | 'target'>;

/** `everybody`: the cluster was told so on the first day. `role`: some role of theirs says so. */
export function grantedBy(
  { cluster, description, platformGroups, target }: Asked,
  world: Pick<World, 'scope' | 'reach' | 'effectiveRules'>,
): 'everybody' | 'role' | null {
  const allows = (rule: PolicyRule) => says(rule, description, target);
  if (grantedToEverybody.some(allows)) return 'everybody';
  const byRole = platformGroups.some((group) => {
    const [, , scopeId = '', roleId = ''] = group.split(':');
    const scope = world.scope(scopeId);
    const reach = scope ? world.reach(scope, cluster.id) : null;
    if (reach === null || (reach !== 'cluster' && !reach.includes(description.namespace))) return false;
    return world.effectiveRules(roleId).some(allows);
  });
  return byRole ? 'role' : null;
}

function says(
  rule: PolicyRule,
  { isResource, verb, group, resource, subresource, name }: Asked['description'],
  { segments }: Asked['target'],
) {
  if (isResource)
    return permits(rule, { verb, apiGroup: group, resource: subresource === '' ? resource : `${resource}/${subresource}`, name });
  if (!isNonResource(rule) || !(rule.verbs.includes('*') || rule.verbs.includes(verb))) return false;
  const path = `/${segments.join('/')}`;
  return rule.nonResourceURLs.some((url) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path));
}
