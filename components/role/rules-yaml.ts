import { Document, parse, visit } from 'yaml';
import { rulesSchema } from '#lib/entitlement/schema.ts';
import type { PolicyRule } from '#lib/entitlement/types.ts';

// Rules as people write them for Kubernetes: a list, or a whole Role or ClusterRole of which the rules are taken.

export type Read = { readonly rules: readonly PolicyRule[] } | { readonly problem: string };

export function rulesFromYaml(text: string): Read {
  let said: unknown;
  try {
    said = parse(text, { maxAliasCount: 0 }) ?? [];
  } catch (error) {
    return { problem: `This is not YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it cannot be read'}` };
  }
  const list = typeof said === 'object' && said !== null && !Array.isArray(said) && 'rules' in said ? (said.rules ?? []) : said;
  if (!Array.isArray(list)) return { problem: 'Write a list of rules, each with apiGroups, resources and verbs, or paste a ClusterRole.' };
  const parsed = rulesSchema.safeParse(list);
  if (parsed.success) return { rules: parsed.data };
  const [at] = parsed.error.issues;
  return { problem: sentenceOf(at?.path ?? [], list) };
}

/** A union's own message ("Invalid input") helps nobody: say which rule, and what a rule has. */
function sentenceOf(path: readonly PropertyKey[], list: readonly unknown[]): string {
  const index = typeof path[0] === 'number' ? path[0] : null;
  if (index === null) return 'There are more rules here than a role can hold (500).';
  const rule = list[index];
  if (typeof rule !== 'object' || rule === null) return `Rule ${index + 1} is not a rule: it needs apiGroups, resources and verbs.`;
  const known = ['apiGroups', 'resources', 'resourceNames', 'verbs', 'nonResourceURLs'];
  const unknown = Object.keys(rule).find((key) => !known.includes(key));
  if (unknown !== undefined)
    return `Rule ${index + 1} has “${unknown}”, which Kubernetes does not know. A rule has apiGroups, resources, resourceNames and verbs.`;
  const needed = 'nonResourceURLs' in rule ? ['nonResourceURLs', 'verbs'] : ['apiGroups', 'resources', 'verbs'];
  const missing = needed.find(
    (key) => !Array.isArray((rule as Record<string, unknown>)[key]) || ((rule as Record<string, unknown[]>)[key]?.length ?? 0) === 0,
  );
  if (missing !== undefined) return `Rule ${index + 1} needs ${missing}, a list with at least one entry.`;
  return `Rule ${index + 1} cannot be read: each entry must be a text of at most 253 letters.`;
}

/** A rule's lists each on one line, as people write them by hand. */
export function rulesToYaml(rules: readonly PolicyRule[]): string {
  if (rules.length === 0) return '';
  const document = new Document(rules);
  visit(document, {
    Seq(key, list) {
      if (key !== null) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 96, flowCollectionPadding: false });
}
