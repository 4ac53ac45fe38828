import { describe, expect, test } from 'vitest';
import type { PolicyRule } from '#lib/entitlement/types.ts';
import { grantedBy } from './granted.ts';
import { describeTarget } from './steps/describe.ts';
import type { Target } from './steps/target.ts';

const rules: Record<string, readonly PolicyRule[]> = {
  'r-dev': [
    { apiGroups: [''], resources: ['secrets', 'pods/exec'], verbs: ['get', 'create'] },
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get'] },
  ],
  'r-urls': [{ nonResourceURLs: ['/metrics', '/debug/*'], verbs: ['get'] }],
};
const reaches: Record<string, 'cluster' | string[] | null> = { 's-shop': ['shop'], 's-all': 'cluster', 's-elsewhere': null };
const world = {
  scope: (id: string) => ({ id }) as never,
  reach: ({ id }: { id: string }) => reaches[id] ?? null,
  effectiveRules: (id: string) => rules[id] ?? [],
};

function asked(groups: readonly string[], path: string, method = 'GET') {
  const target = { segments: path.split('/').slice(1), query: [], tail: null, trailingSlash: false } as unknown as Target;
  const platformGroups = groups.map((group) => `gatehouse:i-test:${group}`);
  return grantedBy({ cluster: { id: 'c-1' }, platformGroups, target, description: describeTarget(method, target) } as never, world);
}

describe('what grants say of a request that a cluster refused to our account', () => {
  test.each([
    ['a right of a role where it reaches', ['s-shop:r-dev'], '/api/v1/namespaces/shop/secrets/x', 'role'],
    ['not where it does not', ['s-shop:r-dev'], '/api/v1/namespaces/pay/secrets/x', null],
    ['not over all namespaces at once', ['s-shop:r-dev'], '/api/v1/secrets', null],
    ['not in a place that is not there', ['s-elsewhere:r-dev'], '/api/v1/namespaces/shop/secrets/x', null],
    ['a subresource by itself', ['s-shop:r-dev'], '/api/v1/namespaces/shop/pods/web/exec', 'role'],
    ['and not the resource with it', ['s-shop:r-dev'], '/api/v1/namespaces/shop/pods/web', null],
    ['a named object', ['s-all:r-dev'], '/api/v1/namespaces/shop/configmaps/one', 'role'],
    ['and no other', ['s-all:r-dev'], '/api/v1/namespaces/shop/configmaps/two', null],
    ['a URL', ['s-all:r-urls'], '/metrics', 'role'],
    ['a URL below one', ['s-all:r-urls'], '/debug/pprof/heap', 'role'],
    ['no other URL', ['s-all:r-urls'], '/logs', null],
    ['discovery, to everybody', [], '/apis/apps/v1', 'everybody'],
    ['the list of namespaces, which the door narrows, to everybody', [], '/api/v1/namespaces', 'everybody'],
    ['no single namespace', [], '/api/v1/namespaces/shop', null],
    ['nothing to nobody', [], '/api/v1/namespaces/shop/secrets/x', null],
  ] as const)('%s', (_name, groups, path, says) => {
    expect(asked(groups, path)).toBe(says);
  });

  test('another verb is another right', () => {
    expect(asked(['s-shop:r-dev'], '/api/v1/namespaces/shop/secrets', 'POST')).toBe('role');
    expect(asked(['s-shop:r-dev'], '/api/v1/namespaces/shop/secrets/x', 'DELETE')).toBeNull();
    expect(asked([], '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'POST')).toBe('everybody');
  });
});
