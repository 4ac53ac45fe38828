/**
 * Why somebody may do something, or that nobody gave them the right: person → group → … → grant → role → rule → objects. Pure, and from
 * the very data that the door decides by, so that the explanation cannot differ from the decision.
 */
import { clusterRoleName } from './compile.ts';
import { platformGroup } from './resolve.ts';
import { permits, type Question } from './rules.ts';
import type { Chain, Explanation } from './schema.ts';
import { list } from './scope.ts';
import type { LiveBinding, PolicyRule, Reach, World, WorldCluster, WorldPerson, WorldRole, WorldScope } from './types.ts';
import { isoOrNull, standingInWords, viewRole, viewScope } from './views.ts';

export interface Ask {
  readonly personId: string;
  /** Without one, on every cluster. */
  readonly clusterId?: string | undefined;
  readonly question?: Question | undefined;
  readonly namespace?: string | undefined;
}

export function explain(world: World, ask: Ask, now: Date): Explanation | null {
  const person = world.person(ask.personId);
  if (!person) return null;
  const clusters = ask.clusterId ? [world.cluster(ask.clusterId)].filter((cluster) => cluster !== undefined) : [...world.clusters()];
  const bindings = world.bindingsOf(person.id, now);
  const chains = clusters
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((cluster) => bindings.map((binding) => chainOf(world, person, cluster, binding, ask)).filter((chain) => chain !== null));
  const standing = standingInWords(world, person.id, now);
  const allowed = standing === 'live' && chains.length > 0;
  return {
    person: { id: person.id, displayName: person.displayName, upn: person.upn, wireName: person.wireName },
    standing,
    allowed,
    answer: answerOf(person, ask, chains, standing),
    chains,
  };
}

function chainOf(world: World, person: WorldPerson, cluster: WorldCluster, binding: LiveBinding, ask: Ask): Chain | null {
  const scope = world.scope(binding.scopeId);
  const role = world.role(binding.roleId);
  const reach = scope ? world.reach(scope, cluster.id) : null;
  if (!scope || !role || reach === null) return null;
  const where = narrowed(reach, ask.namespace);
  if (where === null) return null;
  const { question } = ask;
  const rule = question ? world.effectiveRules(role.id).find((candidate) => permits(candidate, question)) : undefined;
  if (question && !rule) return null;
  return {
    clusterId: cluster.id,
    cluster: cluster.name,
    links: linksOf(world, person, binding, scope, role, cluster, rule),
    grantId: binding.id,
    role: viewRole(role),
    scope: viewScope(world, scope),
    namespaces: where === 'cluster' ? 'all' : [...where],
    until: isoOrNull(binding.until),
    rule: rule ? (rule as Chain['rule']) : null,
    platformGroup: platformGroup(world.installation.id, scope.id, role.id),
    objects: objectsOf(world, scope, role, where),
  };
}

/** A grant on some namespaces says nothing of another. */
function narrowed(reach: Reach, namespace: string | undefined): Reach | null {
  if (reach === 'cluster' || namespace === undefined) return reach;
  return reach.includes(namespace) ? [namespace] : null;
}

function linksOf(
  world: World,
  person: WorldPerson,
  binding: LiveBinding,
  scope: WorldScope,
  role: WorldRole,
  cluster: WorldCluster,
  rule: PolicyRule | undefined,
): Chain['links'] {
  const path = binding.subjectKind === 'group' ? world.pathTo(person.id, binding.subjectId) : [];
  return [
    { kind: 'person', id: person.id, name: person.displayName },
    ...path.map((id) => ({ kind: 'group' as const, id, name: world.group(id)?.name ?? id })),
    { kind: 'grant', id: binding.id, name: viewScope(world, scope).words },
    { kind: 'role', id: role.id, name: role.title },
    ...(rule ? [{ kind: 'rule' as const, id: role.id, name: ruleInWords(rule) }] : []),
    { kind: 'cluster', id: cluster.id, name: cluster.name },
  ];
}

function objectsOf(world: World, scope: WorldScope, role: WorldRole, reach: Reach): Chain['objects'] {
  const name = platformGroup(world.installation.id, scope.id, role.id);
  const clusterRole = { kind: 'ClusterRole', namespace: null, name: clusterRoleName(world.installation.id, role.id) };
  return reach === 'cluster'
    ? [clusterRole, { kind: 'ClusterRoleBinding', namespace: null, name }]
    : [clusterRole, ...reach.map((namespace) => ({ kind: 'RoleBinding', namespace, name }))];
}

export function ruleInWords(rule: PolicyRule): string {
  if ('nonResourceURLs' in rule) return `${list(rule.verbs)} ${list(rule.nonResourceURLs)}`;
  const groups = rule.apiGroups.filter((group) => group !== '');
  return `${list(rule.verbs)} ${list(rule.resources)}${groups.length > 0 ? ` of ${list(groups)}` : ''}`;
}

function answerOf(person: WorldPerson, { question, namespace }: Ask, chains: readonly Chain[], standing: string): string {
  const what = question ? `${question.verb} ${question.resource}${question.name ? ` ${question.name}` : ''}` : 'do anything';
  const inNamespace = namespace ? ` in ${namespace}` : '';
  if (chains.length === 0) return `${person.displayName} may not ${what}${inNamespace}: no grant gives it.`;
  if (standing !== 'live')
    return `${person.displayName} may not ${what}${inNamespace} now: the account is ${standing}. Grants would give it otherwise.`;
  const clusters = list([...new Set(chains.map(({ cluster }) => cluster))]);
  if (!question)
    return `${person.displayName} has ${chains.length === 1 ? 'one grant' : `${chains.length} grants`}${inNamespace} on ${clusters}.`;
  const spaces = chains.some(({ namespaces }) => namespaces === 'all')
    ? inNamespace
    : ` in ${list([...new Set(chains.flatMap(({ namespaces }) => namespaces))])}`;
  return `${person.displayName} may ${what}${spaces} on ${clusters}.`;
}
