import { describe, expect, it } from 'vitest';
import { isFault } from '#lib/errors/fault.ts';
import { requireSoundRules, warningsOf } from './check-rules.ts';
import { ruleSchema } from './schema.ts';
import type { GrantPlace, PolicyRule } from './types.ts';

const pods = (...verbs: string[]): PolicyRule => ({ apiGroups: [''], resources: ['pods'], verbs });

function refusal(rules: readonly PolicyRule[], grantableOn: readonly GrantPlace[] = ['all']): string {
  try {
    requireSoundRules(rules, grantableOn);
    return 'accepted';
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.message;
  }
}

describe('rules that cannot stand', () => {
  it('an unknown verb is refused by name', () => {
    expect(refusal([pods('get', 'fetch')])).toMatch(/^“fetch” is not a verb that Kubernetes knows/);
  });

  it.each(['impersonate', 'impersonate:user-info', 'impersonate-on:user-info:get'])(
    '%s is refused: nobody speaks as another past the door',
    (verb) => {
      expect(refusal([pods(verb)])).toContain('No role may impersonate');
    },
  );

  it('URLs in a role for namespaces are refused, since they are of the whole cluster', () => {
    const urls: PolicyRule[] = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
    expect(refusal(urls, ['cluster'])).toBe('accepted');
    expect(refusal(urls, ['cluster', 'namespaces'])).toContain('URLs belong to a whole cluster');
  });

  it.each(['Pods', 'pods log', 'pods/', '../secrets', ''])('“%s” is no resource', (resource) => {
    expect(refusal([{ apiGroups: [''], resources: [resource], verbs: ['get'] }])).toContain('is not a resource');
  });

  it('a field that is no rule’s, such as aggregationRule, is refused and not dropped', () => {
    expect(ruleSchema.safeParse({ ...pods('get'), aggregationRule: {} }).success).toBe(false);
  });
});

describe('rules that stand with a warning', () => {
  const codes = (...rules: PolicyRule[]) => warningsOf(rules).map(({ code }) => code);

  it('wildcards', () => {
    const everything: PolicyRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    expect(refusal([everything])).toBe('accepted');
    expect(codes(everything)).toEqual(expect.arrayContaining(['role.all-verbs', 'role.all-resources', 'role.all-groups']));
  });

  it.each([
    ['role.escalate', { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['escalate'] }],
    ['role.writes-rbac', { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['create'] }],
    ['role.mints-tokens', { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
    ['role.reaches-nodes', { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }],
    ['role.lowers-fence', { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['patch'] }],
    ['role.reads-secrets', { apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
  ] satisfies [string, PolicyRule][])('%s', (code, rule) => {
    expect(codes(rule)).toContain(code);
    expect(codes(pods('get'))).not.toContain(code);
  });
});
