import { expect, test } from 'vitest';
import type { Desk } from '../desk.ts';
import { createNamespaceWatches } from '../namespace-watches.ts';
import type { Authorized } from './authorize.ts';
import { describeTarget } from './describe.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { parseTarget, writeTarget } from './target.ts';

const silent = () => createNamespaceWatches({ tell: async () => {} });
let revision = 5n;

async function scoped(method: string, path: string, own: 'all' | string[] = ['shop', 'pay'], namespaceWatches = silent()) {
  const target = parseTarget(`/clusters/east${path}`);
  const former = {
    arrival: { method },
    target,
    description: describeTarget(method, target),
    person: { id: 'p-1' },
    cluster: { id: 'k-1' },
    credential: { id: 'c-1', namespaces: null },
  } as unknown as Authorized;
  const desk = {
    world: { namespacesOf: () => own },
    namespaceWatches,
    revision: async () => revision,
    now: () => new Date(),
  } as unknown as Desk;
  const { shownNamespaces, target: sent } = await ownNamespaces(former, desk);
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
])('%s %s lists the person’s own only, however it is spelled', async (method, path, expected) => {
  expect(await scoped(method, path)).toEqual({ shown: ['shop', 'pay'], sent: expected });
});

test('all of the client’s selectors go; the first, which would have counted, is joined behind ours', async () => {
  expect((await scoped('GET', '/api/v1/namespaces?labelSelector=&labelSelector=a')).sent).toBe(`/api/v1/namespaces?${ours}`);
  expect((await scoped('GET', '/api/v1/namespaces?labelSelector=a%3Db&labelSelector=')).sent).toBe(`/api/v1/namespaces?${ours},a=b`);
  expect((await scoped('GET', '/api/v1/namespaces?labelSelector=x%20in%20(a')).sent).toBe(`/api/v1/namespaces?${ours},x in (a`);
});

test('somebody without a namespace gets a selector that matches nothing', async () => {
  expect((await scoped('GET', '/api/v1/namespaces', [])).sent).toBe(
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
])('%s %s never carries the reserved group', async (method, path) => {
  expect((await scoped(method, path)).shown).toBeNull();
});

test('whoever may list all namespaces gets neither selector nor group', async () => {
  expect(await scoped('GET', '/api/v1/namespaces?labelSelector=a', 'all')).toEqual({
    shown: null,
    sent: '/api/v1/namespaces?labelSelector=a',
  });
});

const list = (watches: ReturnType<typeof silent>, own: string[] | 'all') => scoped('GET', '/api/v1/namespaces', own, watches);
const resume = (watches: ReturnType<typeof silent>, own: string[] | 'all', version: number) =>
  scoped('GET', `/api/v1/namespaces?watch=1&resourceVersion=${version}`, own, watches);

test('a watch that resumes from before its set was met is told to list again; one from the list on is not, nor one from now', async () => {
  const watches = silent();
  revision = 5n;
  await list(watches, ['shop']);
  await resume(watches, ['shop'], 5);
  revision = 9n;
  await expect(resume(watches, ['shop', 'pay'], 8)).rejects.toThrow(/list them again/);
  await scoped('GET', '/api/v1/namespaces?watch=1', ['shop', 'pay'], watches);
  revision = 12n;
  await list(watches, ['pay', 'shop']);
  await resume(watches, ['shop', 'pay'], 9);
  await expect(resume(watches, ['shop', 'pay'], 8)).rejects.toThrow(/list them again/);
});

test('a replica that remembers nobody asks the cluster, and lets no watch resume from before (SECURITY 16)', async () => {
  revision = 7n;
  const watches = silent();
  await expect(resume(watches, ['shop'], 6)).rejects.toThrow(/list them again/);
  await resume(watches, ['shop'], 7);
});

test('somebody who could list all and now sees their own only lists again, and the other way round', async () => {
  revision = 7n;
  const watches = silent();
  await list(watches, 'all');
  revision = 9n;
  await expect(resume(watches, ['shop'], 8)).rejects.toThrow(/list them again/);
  revision = 12n;
  await expect(resume(watches, 'all', 11)).rejects.toThrow(/list them again/);
});
