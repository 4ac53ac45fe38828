import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { describeTarget } from './describe.ts';
import { liesWithin, merelyReads, shownNamespaces } from './narrowing.ts';
import { parseTarget } from './target.ts';

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
if (isLong) vi.setConfig({ testTimeout: 5 * 60_000 });

const narrowedTo = ['shop', 'pay'];

function within(method: string, path: string, { upgrade = false, namespaces = narrowedTo as readonly string[] } = {}): boolean {
  const target = parseTarget(`/clusters/east${path}`);
  return liesWithin(namespaces, method, target.segments, describeTarget(method, target), upgrade);
}

describe('a credential for some namespaces reaches', () => {
  test.each([
    // resources inside, with every verb and every subresource
    ['GET', '/api/v1/namespaces/shop/pods'],
    ['HEAD', '/api/v1/namespaces/shop/pods/web'],
    ['OPTIONS', '/api/v1/namespaces/shop/pods/web'],
    ['GET', '/api/v1/namespaces/shop/pods?watch=1'],
    ['GET', '/api/v1/watch/namespaces/shop/pods'],
    ['GET', '/api/v1/watch/namespaces/shop/pods/web'],
    ['POST', '/api/v1/namespaces/pay/configmaps'],
    ['PUT', '/api/v1/namespaces/pay/pods/web/status'],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web/scale'],
    ['DELETE', '/apis/apps/v1/namespaces/shop/deployments'],
    ['GET', '/api/v1/namespaces/shop/pods/web/log?follow=true'],
    ['POST', '/api/v1/namespaces/shop/pods/web/exec?command=sh'],
    ['POST', '/api/v1/namespaces/shop/pods/web/eviction'],
    ['GET', '/api/v1/namespaces/shop/services/https:web:443/proxy/api/v1/nodes'],
    ['GET', '/apis/example.com/v1/namespaces/shop/things/one/anything'],
    // the namespaces themselves, and their list
    ['GET', '/api/v1/namespaces/shop'],
    ['HEAD', '/api/v1/namespaces/pay'],
    ['GET', '/api/v1/namespaces'],
    ['GET', '/api/v1/namespaces/'],
    ['HEAD', '/api/v1/namespaces'],
    ['GET', '/api/v1/namespaces?watch=1'],
    ['GET', '/api/v1/namespaces?fieldSelector=metadata.name%3Dother'],
    ['GET', '/api/v1/watch/namespaces'],
    ['GET', '/api/v1/watch/namespaces/shop'],
    // discovery
    ['GET', '/'],
    ['GET', '/version'],
    ['GET', '/api'],
    ['GET', '/api/v1'],
    ['GET', '/apis'],
    ['GET', '/apis/apps'],
    ['GET', '/apis/apps/v1'],
    ['HEAD', '/apis'],
    ['GET', '/openapi/v3/apis/apps/v1'],
    ['GET', '/livez/ping'],
    // questions about oneself
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews'],
  ])('%s %s', (method, path) => {
    expect(within(method, path)).toBe(true);
  });

  test('a shell and a WebSocket watch inside, but no upgrade outside of resources', () => {
    expect(within('GET', '/api/v1/namespaces/shop/pods/web/exec?command=sh', { upgrade: true })).toBe(true);
    expect(within('GET', '/api/v1/namespaces?watch=1', { upgrade: true })).toBe(true);
    for (const [method, path] of [
      ['GET', '/version'],
      ['GET', '/apis'],
      ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
      ['GET', '/api/v1/namespaces/other/pods/web/exec'],
    ] as const)
      expect([path, within(method, path, { upgrade: true })]).toEqual([path, false]);
  });
});

describe('a credential for some namespaces does not reach', () => {
  test.each([
    // other namespaces
    ['GET', '/api/v1/namespaces/other/pods'],
    ['GET', '/api/v1/namespaces/Shop/pods'],
    ['GET', '/api/v1/namespaces/shop2/pods'],
    ['GET', '/api/v1/namespaces/other'],
    ['GET', '/api/v1/watch/namespaces/other/pods'],
    ['POST', '/api/v1/namespaces/other/pods/web/exec?command=sh'],
    ['GET', '/api/v1/namespaces/other/services/shop/proxy/'],
    // all namespaces at once
    ['GET', '/api/v1/pods'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.namespace%3Dshop'],
    ['GET', '/api/v1/pods?watch=1'],
    ['GET', '/api/v1/watch/pods'],
    ['GET', '/apis/apps/v1/deployments'],
    ['GET', '/api/v1/secrets?namespace=shop'],
    // what is in no namespace
    ['GET', '/api/v1/nodes'],
    ['GET', '/api/v1/nodes/shop'],
    ['GET', '/api/v1/nodes/shop/proxy/pods'],
    ['GET', '/api/v1/persistentvolumes'],
    ['POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'],
    ['GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
    ['GET', '/apis/example.com/v1/namespaces'],
    ['GET', '/apis/example.com/v1/namespaces/shop'],
    ['GET', '/api/v2/namespaces'],
    // writing namespaces, also one's own
    ['POST', '/api/v1/namespaces'],
    ['PUT', '/api/v1/namespaces/shop'],
    ['PATCH', '/api/v1/namespaces/shop'],
    ['DELETE', '/api/v1/namespaces/shop'],
    ['DELETE', '/api/v1/namespaces'],
    ['PUT', '/api/v1/namespaces/shop/finalize'],
    ['PUT', '/api/v1/namespaces/shop/status'],
    ['OPTIONS', '/api/v1/namespaces/shop'],
    ['OPTIONS', '/api/v1/namespaces'],
    ['GET', '/api/v1/namespaces/shop/namespaces'],
    ['GET', '/api/v1/namespaces/other/namespaces/shop'],
    // prefixes of old
    ['GET', '/api/v1/watch'],
    ['GET', '/api/v1/proxy'],
    ['GET', '/api/v1/proxy/namespaces/shop/pods/web'],
    ['GET', '/api/v1/proxy/nodes/one'],
    ['GET', '/api/v1/watch/namespaces/shop/namespaces'],
    ['GET', '/api/v1/watch/nodes'],
    // what tells of the whole cluster without being a resource, and writing where nothing is written
    ['GET', '/metrics'],
    ['GET', '/logs/kubelet.log'],
    ['GET', '/debug/pprof/heap'],
    ['GET', '/configz'],
    ['GET', '/.well-known/openid-configuration'],
    ['GET', '/namespaces/shop/pods'],
    ['GET', '/Version'],
    ['POST', '/version'],
    ['DELETE', '/api/v1'],
    ['OPTIONS', '/apis'],
    // questions about others, and what only looks like a question about oneself
    ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews'],
    ['POST', '/apis/example.com/v1/selfsubjectaccessreviews'],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x'],
    ['DELETE', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
  ])('%s %s', (method, path) => {
    expect(within(method, path)).toBe(false);
  });

  test('anything at all in a path that does not name one of its namespaces, save what is nobody’s (property)', { timeout: 600_000 }, () => {
    const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.info(`GATEHOUSE_TEST_SEED=${seed}`);
    const segment = fc.constantFrom(
      'watch',
      'proxy',
      'namespaces',
      'pods',
      'nodes',
      'other',
      'x',
      'status',
      'finalize',
      'log',
      'exec',
      'selfsubjectreviews',
    );
    const root = fc.constantFrom('/api/v1', '/apis/apps/v1', '/apis/authentication.k8s.io/v1', '/metrics', '/logs');
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
    fc.assert(
      fc.property(method, root, fc.array(segment, { minLength: 1, maxLength: 7 }), fc.boolean(), (verb, start, rest, watches) => {
        const path = `${start}/${rest.join('/')}${watches ? '?watch=1' : ''}`;
        if (!within(verb, path)) return;
        const { resource, subresource, name } = describeTarget(verb, parseTarget(`/clusters/east${path}`));
        // Only the list of namespaces (which then shows none of these) and a question about oneself.
        expect([path, subresource]).toEqual([path, '']);
        expect(['namespaces', 'selfsubjectreviews']).toContain(resource);
        if (resource === 'selfsubjectreviews') expect([path, verb, name]).toEqual([path, 'POST', '']);
      }),
      { seed, numRuns: isLong ? 50_000 : 2_000 },
    );
  });
});

describe('the list of namespaces shows', () => {
  test('what both the person may see and the credential is for; all only where neither is narrowed', () => {
    expect(shownNamespaces('all', null)).toBeNull();
    expect(shownNamespaces(['a', 'b'], null)).toEqual(['a', 'b']);
    expect(shownNamespaces('all', ['b', 'c'])).toEqual(['b', 'c']);
    expect(shownNamespaces(['a', 'b'], ['b', 'c'])).toEqual(['b']);
    expect(shownNamespaces([], ['b'])).toEqual([]);
  });
});

describe('a credential that only reads', () => {
  const reads = (method: string, path: string, upgrade = false) =>
    merelyReads(describeTarget(method, parseTarget(`/clusters/east${path}`)), upgrade);

  test.each([
    ['GET', '/api/v1/pods'],
    ['HEAD', '/version'],
    ['OPTIONS', '/version'],
    ['GET', '/api/v1/watch/pods'],
    ['GET', '/api/v1/namespaces/shop/pods/web/log?follow=true'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews'],
  ])('may %s %s', (method, path) => {
    expect(reads(method, path)).toBe(true);
  });

  test.each([
    ['POST', '/api/v1/namespaces/shop/pods'],
    ['DELETE', '/api/v1/namespaces/shop/pods/web'],
    ['GET', '/api/v1/namespaces/shop/pods/web/exec?command=sh'],
    ['GET', '/api/v1/namespaces/shop/pods/web/portforward'],
    ['GET', '/api/v1/namespaces/shop/services/web/proxy/'],
    ['GET', '/api/v1/nodes/one/proxy/run'],
    ['GET', '/api/v1/proxy/namespaces/shop/pods/web'],
    ['OPTIONS', '/api/v1/namespaces/shop/pods'],
    ['POST', '/version'],
    // A custom resource that calls itself like a question about oneself is a write like any other.
    ['POST', '/apis/example.com/v1/selfsubjectreviews'],
    ['POST', '/apis/authorization.k8s.io/v1/namespaces/shop/selfsubjectaccessreviews'],
  ])('may not %s %s', (method, path) => {
    expect(reads(method, path)).toBe(false);
  });

  test('may upgrade a watch and a log, and nothing else', () => {
    expect(reads('GET', '/api/v1/pods?watch=1', true)).toBe(true);
    expect(reads('GET', '/api/v1/namespaces/shop/pods/web/log', true)).toBe(true);
    expect(reads('GET', '/api/v1/namespaces/shop/pods/web', true)).toBe(false);
  });
});
