import { fault } from '#lib/errors/fault.ts';
import { isNonResource } from './rules.ts';
import type { Warning } from './schema.ts';
import { list } from './scope.ts';
import type { GrantPlace, NonResourceRule, PolicyRule, ResourceRule } from './types.ts';
import { resourceVerbs, urlVerbs } from './verbs.ts';

// Whether rules may stand at all, and what a reviewer must know of those that may. It runs in the process that writes the role, so there is
// no validator that could be down while the write goes through.

const mayStandOnResources = new Set([...resourceVerbs, '*']);
const mayStandOnUrls = new Set([...urlVerbs, '*']);

const apiGroupPattern = /^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/;
const resourcePattern = /^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(\/(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?))?$/;
const urlPattern = /^(\*|\/[A-Za-z0-9/_.:~-]*\*?)$/;

/** Throws one fault that names every line that cannot stand. */
export function requireSoundRules(rules: readonly PolicyRule[], grantableOn: readonly GrantPlace[]): void {
  const fields: Record<string, string> = {};
  rules.forEach((rule, index) => {
    const problem = isNonResource(rule) ? problemOfUrls(rule, grantableOn) : problemOfResources(rule);
    if (problem) fields[`rules.${index}`] = problem;
  });
  const [first] = Object.values(fields);
  if (first) throw fault('bad-input', 'role.rules-unsound', first, { fields });
}

function problemOfResources({ apiGroups, resources, verbs }: ResourceRule): string | null {
  if (verbs.some((verb) => verb === 'impersonate' || verb.startsWith('impersonate:') || verb.startsWith('impersonate-on:')))
    return 'No role may impersonate: it would let its holder be somebody else, past the door. Leave the verb out.';
  const verb = verbs.find((name) => !mayStandOnResources.has(name));
  if (verb !== undefined) return `“${verb}” is not a verb that Kubernetes knows. Use one of ${list([...mayStandOnResources])}.`;
  const group = apiGroups.find((name) => !apiGroupPattern.test(name));
  if (group !== undefined) return `“${group}” is not an API group. Write it as in “apps” or “networking.k8s.io”; "" is the core group.`;
  const resource = resources.find((name) => !resourcePattern.test(name));
  if (resource !== undefined) return `“${resource}” is not a resource. Write its plural in lower case, as in “pods” or “pods/log”.`;
  return null;
}

function problemOfUrls({ nonResourceURLs, verbs }: NonResourceRule, grantableOn: readonly GrantPlace[]): string | null {
  const verb = verbs.find((name) => !mayStandOnUrls.has(name));
  if (verb !== undefined) return `“${verb}” is not a verb of a URL. Use one of ${list([...mayStandOnUrls])}.`;
  const url = nonResourceURLs.find((path) => !urlPattern.test(path));
  if (url !== undefined) return `“${url}” is not a path such as /metrics or /healthz/*.`;
  if (grantableOn.some((place) => place === 'project' || place === 'namespaces'))
    return 'URLs belong to a whole cluster: let this role be granted on clusters only, or leave them out.';
  return null;
}

interface Concern {
  readonly code: string;
  readonly level: Warning['level'];
  readonly message: string;
  concerns(rule: ResourceRule): boolean;
}

const changes = ['create', 'update', 'patch', '*'];
const any = (asked: readonly string[], held: readonly string[]) => held.some((word) => asked.includes(word) || word === '*');
const onResource = (rule: ResourceRule, ...names: string[]) => any(names, rule.resources);

const concerns: readonly Concern[] = [
  {
    code: 'role.all-verbs',
    level: 'high',
    message: 'The verb * permits everything, also what Kubernetes may add later, and to impersonate.',
    concerns: ({ verbs }) => verbs.includes('*'),
  },
  {
    code: 'role.all-resources',
    level: 'high',
    message: 'The resource * includes secrets and, on servers before 1.35, a shell in pods for whoever may only read.',
    concerns: ({ resources }) => resources.some((name) => name === '*' || name.endsWith('/*') || name.startsWith('*/')),
  },
  {
    code: 'role.all-groups',
    level: 'note',
    message: 'The API group * includes every extension that is ever installed.',
    concerns: ({ apiGroups }) => apiGroups.includes('*'),
  },
  {
    code: 'role.escalate',
    level: 'high',
    message: 'With escalate or bind its holder can give any right to anybody inside the cluster, past this platform.',
    concerns: ({ verbs }) => verbs.includes('escalate') || verbs.includes('bind'),
  },
  {
    code: 'role.writes-rbac',
    level: 'high',
    message: 'It writes roles or bindings: rights given that way stand outside this platform and do not end here.',
    concerns: (rule) => any(changes, rule.verbs) && onResource(rule, 'roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'),
  },
  {
    code: 'role.mints-tokens',
    level: 'high',
    message: "It can make a service account's token, which outlives its maker's access. Clusters refuse that to all but platform admins.",
    concerns: (rule) => any(['create'], rule.verbs) && onResource(rule, 'serviceaccounts/token'),
  },
  {
    code: 'role.reaches-nodes',
    level: 'high',
    message: 'nodes/proxy runs commands in every pod of a node, unseen by the API server.',
    concerns: (rule) => onResource(rule, 'nodes/proxy'),
  },
  {
    code: 'role.lowers-fence',
    level: 'high',
    message: 'It can change what fences a project: its network policies, quota, limits or namespace labels.',
    concerns: (rule) => any(changes, rule.verbs) && onResource(rule, 'networkpolicies', 'resourcequotas', 'limitranges', 'namespaces'),
  },
  {
    code: 'role.reads-secrets',
    level: 'note',
    message: 'It reads secrets.',
    concerns: (rule) => any(['get', 'list', 'watch'], rule.verbs) && onResource(rule, 'secrets'),
  },
];

export function warningsOf(rules: readonly PolicyRule[]): Warning[] {
  const resourceRules = rules.filter((rule): rule is ResourceRule => !isNonResource(rule));
  const found: Warning[] = concerns
    .filter((concern) => resourceRules.some((rule) => concern.concerns(rule)))
    .map(({ code, level, message }) => ({ code, level, message }));
  if (rules.some(isNonResource)) {
    found.push({ code: 'role.urls', level: 'note', message: 'It opens URLs of the API server that are no resources, such as /metrics.' });
  }
  return found;
}
