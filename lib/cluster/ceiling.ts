/**
 * The ceiling of constrained impersonation: what may be done in anybody's name at all. Pure.
 *
 * There the API server asks a second question beside "may this account be alice?": "may it list secrets here, while it is somebody?"
 * (`impersonate-on:user-info:list`). We answer yes to exactly what the roles in use in that cluster grant, where they grant it, and to what
 * Kubernetes lets every authenticated user do (discovery, questions about oneself). So a stolen door credential cannot do in kube-system what
 * no role of ours reaches there, whoever it pretends to be. Verbs are literal: the API server knows no wildcard behind the prefix, and the
 * verb `*` would give our account the rights themselves.
 */
import { isNonResource, permits, plainRule, type Question } from '#lib/entitlement/rules.ts';
import type { PairInUse, PolicyRule as RoleRule, World } from '#lib/entitlement/types.ts';
import { resourceVerbs, urlVerbs } from '#lib/entitlement/verbs.ts';
import type { KubeObject, PolicyRule } from './kube-object.ts';
import { doorAccount, doorPowersName, ownerLabels } from './names.ts';
import { accountSubject, bindClusterRole, bindClusterRoleIn, clusterRole } from './own-objects.ts';

export function onBehalf(verb: string): string {
  return `impersonate-on:user-info:${verb}`;
}

/** What the door itself needs of every person's requests, and what Kubernetes grants to `system:authenticated` from the start. */
export const grantedToEverybody: readonly RoleRule[] = [
  {
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/openapi',
      '/openapi/*',
      '/version',
      '/version/',
      '/healthz',
      '/livez',
      '/readyz',
    ],
    verbs: ['get'],
  },
  { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], verbs: ['create'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  // One's own namespaces, through the selector; and the probe.
  { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
];

/** One ClusterRole a role in use, bound to the door's account wherever that role is bound to anybody. */
export function compileCeiling(
  installationId: string,
  pairs: readonly PairInUse[],
  rulesOf: (roleId: string) => readonly RoleRule[],
): KubeObject[] {
  const base = `${doorPowersName(installationId)}-on`;
  return [
    ...boundEverywhere(installationId, base, ceilingOf(grantedToEverybody)),
    ...[...placesByRole(pairs)].flatMap(([roleId, places]) => {
      const name = `${base}-${roleId}`;
      const rules = ceilingOf(rulesOf(roleId));
      if (places === 'cluster') return boundEverywhere(installationId, name, rules);
      const meta = { name, labels: ownerLabels(installationId) };
      const bindings = [...places].sort().map((namespace) => bindClusterRoleIn({ ...meta, namespace }, name, accountSubject(doorAccount)));
      return bindings.length === 0 ? [] : [clusterRole(meta, rules), ...bindings];
    }),
  ];
}

/** Whether some role in use lets somebody do this there. */
export function ceilingPermits(
  world: Pick<World, 'pairsInUse' | 'effectiveRules'>,
  clusterId: string,
  question: Question,
  namespace: string,
  now: Date,
): boolean {
  return world
    .pairsInUse(clusterId, now)
    .some(
      ({ role, reach }) =>
        (reach === 'cluster' || reach.includes(namespace)) && world.effectiveRules(role.id).some((rule) => permits(rule, question)),
    );
}

export function ceilingOf(rules: readonly RoleRule[]): PolicyRule[] {
  return rules.map((rule) => ({ ...(plainRule(rule) as PolicyRule), verbs: literal(rule).map(onBehalf) }));
}

function literal(rule: RoleRule): readonly string[] {
  if (!rule.verbs.includes('*')) return rule.verbs;
  const every = isNonResource(rule) ? urlVerbs : resourceVerbs;
  return [...new Set([...every, ...rule.verbs.filter((verb) => verb !== '*')])];
}

function placesByRole(pairs: readonly PairInUse[]): Map<string, 'cluster' | Set<string>> {
  const places = new Map<string, 'cluster' | Set<string>>();
  for (const { role, reach } of [...pairs].sort((a, b) => (a.role.id < b.role.id ? -1 : 1))) {
    const known = places.get(role.id);
    if (known === 'cluster') continue;
    places.set(role.id, reach === 'cluster' ? 'cluster' : new Set([...(known ?? []), ...reach]));
  }
  return places;
}

function boundEverywhere(installationId: string, name: string, rules: readonly PolicyRule[]): KubeObject[] {
  const meta = { name, labels: ownerLabels(installationId) };
  return [clusterRole(meta, rules), bindClusterRole(meta, name, accountSubject(doorAccount))];
}
