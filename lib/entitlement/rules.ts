import type { NonResourceRule, PolicyRule, ResourceRule, WorldRole } from './types.ts';

// What rules mean: inheritance, and the question "does this rule permit that?" as Kubernetes' own authorizer answers it.

export interface Question {
  readonly verb: string;
  readonly apiGroup: string;
  /** With its subresource: "pods", "pods/exec". */
  readonly resource: string;
  readonly name?: string | undefined;
}

export function isNonResource(rule: PolicyRule): rule is NonResourceRule {
  return 'nonResourceURLs' in rule;
}

export function permits(rule: PolicyRule, question: Question): boolean {
  if (isNonResource(rule)) return false;
  return (
    has(rule.verbs, question.verb) &&
    has(rule.apiGroups, question.apiGroup) &&
    matchesResource(rule, question.resource) &&
    matchesName(rule, question)
  );
}

/** A rule with names permits no request without one: `list` and `create` name nothing. */
function matchesName({ resourceNames }: ResourceRule, { name }: Question): boolean {
  return !resourceNames || resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
}

function matchesResource({ resources }: ResourceRule, resource: string): boolean {
  if (has(resources, resource)) return true;
  const [, subresource] = resource.split('/');
  return subresource !== undefined && resources.includes(`*/${subresource}`);
}

function has(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked);
}

/** A role's own rules and all it inherits, each once, own rules first. A circle of inheritance is followed once; a removed role gives nothing. */
export function joinRules(role: WorldRole, roleById: (id: string) => WorldRole | undefined): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  const seen = new Set<string>();
  const walk = (current: WorldRole | undefined): void => {
    if (!current || seen.has(current.id)) return;
    seen.add(current.id);
    for (const rule of current.rules) joined.set(JSON.stringify(plainRule(rule)), plainRule(rule));
    for (const parent of current.inherits) walk(roleById(parent));
  };
  walk(role);
  return [...joined.values()];
}

/** Exactly the fields Kubernetes knows, in one order, values untouched: `apps.example` never becomes `apps`. */
export function plainRule(rule: PolicyRule): PolicyRule {
  if (isNonResource(rule)) return { nonResourceURLs: [...rule.nonResourceURLs], verbs: [...rule.verbs] };
  const { apiGroups, resources, resourceNames, verbs } = rule;
  return resourceNames && resourceNames.length > 0
    ? { apiGroups: [...apiGroups], resources: [...resources], resourceNames: [...resourceNames], verbs: [...verbs] }
    : { apiGroups: [...apiGroups], resources: [...resources], verbs: [...verbs] };
}

/** Each single power as one line, "delete deployments.apps": so that two sets of rules compare by meaning, not by how they were written. */
export function powersIn(rules: readonly PolicyRule[]): ReadonlySet<string> {
  const powers = new Set<string>();
  for (const rule of rules) {
    if (isNonResource(rule)) {
      for (const verb of rule.verbs) for (const url of rule.nonResourceURLs) powers.add(`${verb} ${url}`);
      continue;
    }
    const names = rule.resourceNames && rule.resourceNames.length > 0 ? rule.resourceNames.map((name) => ` named ${name}`) : [''];
    for (const verb of rule.verbs)
      for (const group of rule.apiGroups)
        for (const resource of rule.resources)
          for (const name of names) powers.add(`${verb} ${resource}${group === '' ? '' : `.${group}`}${name}`);
  }
  return powers;
}
