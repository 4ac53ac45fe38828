import { stringify } from 'yaml';
import { plainRule } from './rules.ts';
import type { PolicyRule } from './types.ts';

/** Rules as people know them from a ClusterRole. */
export function rulesInYaml(rules: readonly PolicyRule[]): string {
  return stringify({ rules: rules.map(plainRule) }, { lineWidth: 120 });
}
