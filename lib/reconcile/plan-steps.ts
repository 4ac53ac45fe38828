// A plan as a page tells it: at most so many steps, each with at most so many facts, for a plan of a thousand objects is read by nobody.
import type { PlanStep } from '#lib/cluster/schema.ts';
import type { Performed } from './apply.ts';

const stepsMax = 200;
const factsMax = 25;

export function planSteps(performed: readonly Performed[]): PlanStep[] {
  return performed.slice(0, stepsMax).map(({ operation, error }) => ({
    operation: operation.operation,
    kind: operation.kind,
    namespace: operation.namespace,
    name: operation.name,
    title: titleOf(operation.expected?.metadata.annotations ?? operation.existing?.metadata.annotations),
    reason: operation.reason,
    missing: shortened(operation.missing),
    extra: shortened(operation.extra),
    error: error ? error.message.slice(0, 500) : null,
  }));
}

/** The readable names that we put beside the ids. */
export function titleOf(annotations: Readonly<Record<string, string>> | undefined): string | null {
  const role = annotations?.['gatehouse.io/role'];
  const scope = annotations?.['gatehouse.io/scope'];
  const project = annotations?.['gatehouse.io/project-name'];
  if (role && scope) return `${role} on ${scope}`;
  return role ?? (project ? `project ${project}` : null);
}

function shortened(facts: readonly string[]): string[] {
  const rest = facts.length - factsMax;
  return rest > 0 ? [...facts.slice(0, factsMax), `and ${rest} more`] : [...facts];
}
