import { expect, test } from 'vitest';
import type { Desk } from '../desk.ts';
import { createNamespaceWatches } from '../namespace-watches.ts';
import type { Authorized } from './authorize.ts';
import { describeTarget } from './describe.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { parseTarget, writeTarget } from './target.ts';

function scoped(method: string, path: string, own: 'all' | string[] = ['shop', 'pay'], namespaceWatches = createNamespaceWatches()) {
  const target = parseTarget(`/clusters/east${path}`);
  const former = {
    arrival: { method },
    target,
    description: describeTarget(method, target),
    person: { id: 'p-1' },
    cluster: { id: 'k-1' },
    credential: { id: 'c-1' },
  } as unknown as Authorized;
  const desk = { world: { namespacesOf: () => own }, namespaceWatches, now: () => new Date() } as unknown as Desk;
  const { shownNamespaces, target: sent } = ownNamespaces(former, desk);
  return { shown: shownNamespaces, sent: decodeURIComponent(writeTarget(sent)) };
}

const ours = 'labelSelector=kubernetes.io/metadata.name in (pay,shop)';

test.each([
  ['GET', '/api/v1/namespaces', `/api/v1/namespaces?${ours}`],
  ['GET', '/api/v1/namespaces/', `/api/v1/namespaces?${ours}`],
  ['GET', '/api/v1/%6eamespaces', `/api/v1/namespaces?${ours}`],
  ['HEAD', '/api/v1/namespaces', `/api/v1/namespaces?${ours}`],
  ['GET', '/api/v1/namespaces?watch=1', `/api/v1/namespaces?watch=1&${ours}`],
  ['GET', '/api/v1/watch/namespaces', `/api/v1/namespaces?watch=1&${ours}`],
  ['GET', '/api/v1/watch/namespaces?watch=false', `/api/v1/namespaces?watch=1&${ours}`],
  ['GET', '/api/v1/watch/namespaces/kube-system', `/api/v1/namespaces?watch=1&fieldSelector=metadata.name=kube-system&${ours}`],
  ['GET', '/api/v1/namespaces?limit=1&continue=x', `/api/v1/namespaces?limit=1&continue=x&${ours}`],
])('%s %s lists the person’s own only, however it is spelled', (method, path, expected) => {
  expect(scoped(method, path)).toEqual({ shown: ['shop', 'pay'], sent: expected });
});

test('all of the client’s selectors go; the first, which would have counted, is joined behind ours', () => {
  expect(scoped('GET', '/api/v1/namespaces?labelSelector=&labelSelector=a').sent).toBe(`/api/v1/namespaces?${ours}`);
  expect(scoped('GET', '/api/v1/namespaces?labelSelector=a%3Db&labelSelector=').sent).toBe(`/api/v1/namespaces?${ours},a=b`);
  expect(scoped('GET', '/api/v1/namespaces?labelSelector=x%20in%20(a').sent).toBe(`/api/v1/namespaces?${ours},x in (a`);
});

test('somebody without a namespace gets a selector that matches nothing', () => {
  expect(scoped('GET', '/api/v1/namespaces', []).sent).toBe(
    '/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name,!kubernetes.io/metadata.name',
  );
});

test.each([
  ['GET', '/api/v1/namespaces/shop'],
  ['GET', '/api/v1/pods'],
  ['DELETE', '/api/v1/namespaces'],
  ['POST', '/api/v1/namespaces'],
  ['GET', '/apis/project.openshift.io/v1/namespaces'],
  ['GET', '/api/v2/namespaces'],
  ['GET', '/api/v1/namespaces/shop/pods?watch=1'],
])('%s %s never carries the reserved group', (method, path) => {
  expect(scoped(method, path).shown).toBeNull();
});

test('whoever may list all namespaces gets neither selector nor group', () => {
  expect(scoped('GET', '/api/v1/namespaces?labelSelector=a', 'all')).toEqual({ shown: null, sent: '/api/v1/namespaces?labelSelector=a' });
});

test('after the set has changed, a watch that resumes is told once to list again; a watch from now is not', () => {
  const watches = createNamespaceWatches();
  scoped('GET', '/api/v1/namespaces', ['shop'], watches);
  expect(() => scoped('GET', '/api/v1/namespaces?watch=1&resourceVersion=5', ['shop'], watches)).not.toThrow();
  expect(() => scoped('GET', '/api/v1/namespaces?watch=1&resourceVersion=5', ['shop', 'pay'], watches)).toThrow(/list them again/);
  expect(() => scoped('GET', '/api/v1/namespaces?watch=1', ['shop', 'pay'], watches)).not.toThrow();
  scoped('GET', '/api/v1/namespaces', ['shop', 'pay'], watches);
  expect(() => scoped('GET', '/api/v1/namespaces?watch=1&resourceVersion=6', ['pay', 'shop'], watches)).not.toThrow();
});

test('each watch that was closed over a change is told to list again, also when another client of the same credential already did', () => {
  const watches = createNamespaceWatches();
  watches.closed('c-1', 'k-1');
  watches.closed('c-1', 'k-1');
  scoped('GET', '/api/v1/namespaces', ['shop'], watches);
  const resume = () => scoped('GET', '/api/v1/namespaces?watch=1&resourceVersion=5', ['shop'], watches);
  expect(resume).toThrow();
  expect(resume).toThrow();
  expect(resume).not.toThrow();
});
