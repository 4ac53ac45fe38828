import { expect, test } from 'vitest';
import { createNamespaceWatches, type Lister, type NamespaceWatches } from './namespace-watches.ts';

/** Two replicas that hear of each other as through the change feed, before one cluster whose revision the test moves. */
function twoReplicas() {
  const cluster = { revision: 100n, asked: 0, answers: true };
  const replicas: NamespaceWatches[] = [];
  const told = async (keys: readonly string[]) => {
    for (const replica of replicas) replica.onChanges(keys.map((key) => ({ seq: 1n, topic: 'namespace-watch', key })));
  };
  replicas.push(createNamespaceWatches({ tell: told }), createNamespaceWatches({ tell: told }));
  const lister = (set: string, credentialId = 'c-1'): Lister => ({
    credentialId,
    clusterId: 'k-1',
    set,
    async revision() {
      cluster.asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (!cluster.answers) throw new Error('down');
      return cluster.revision;
    },
  });
  const [a, b] = replicas as [NamespaceWatches, NamespaceWatches];
  return { cluster, a, b, lister };
}

test('a client cut at one replica that comes back to another lists again, once, and then watches anywhere (SECURITY 16)', async () => {
  const { cluster, a, b, lister } = twoReplicas();
  await a.beforeList(lister('shop'));
  cluster.revision = 120n;
  expect(await b.mustListAgain(lister('pay,shop'), 115n)).toBe(true);
  await a.beforeList(lister('pay,shop'));
  const listedAt = 120n;
  expect(await a.mustListAgain(lister('pay,shop'), listedAt)).toBe(false);
  expect(await b.mustListAgain(lister('pay,shop'), listedAt)).toBe(false);
  await Promise.all([a.stop(), b.stop()]);
});

test('a set that comes back is not taken for what it was by a replica that missed the one between', async () => {
  const { cluster, a, b, lister } = twoReplicas();
  await a.beforeList(lister('shop'));
  cluster.revision = 120n;
  await b.beforeList(lister('pay'));
  await b.stop();
  cluster.revision = 140n;
  expect(await a.mustListAgain(lister('shop'), 130n)).toBe(true);
  await a.stop();
});

test('what is told late is no news: a replica that knows a later set keeps it', async () => {
  const { cluster, a, b, lister } = twoReplicas();
  await a.beforeList(lister('shop'));
  cluster.revision = 120n;
  await b.beforeList(lister('pay,shop'));
  await a.stop();
  cluster.revision = 140n;
  expect(b.mustListAgain(lister('pay,shop'), 120n)).toBe(false);
  await b.stop();
});

test('two clients of one credential are each judged by where they stand themselves', async () => {
  const { cluster, a, lister } = twoReplicas();
  cluster.revision = 120n;
  await a.beforeList(lister('pay,shop'));
  expect(a.mustListAgain(lister('pay,shop'), 121n)).toBe(false);
  expect(a.mustListAgain(lister('pay,shop'), 90n)).toBe(true);
});

test('a thousand that come at once after a restart ask the cluster two questions, and all get their answer', async () => {
  const { cluster, a, lister } = twoReplicas();
  const all = await Promise.all(Array.from({ length: 1_000 }, (_, i) => a.mustListAgain(lister('shop', `c-${i}`), 50n)));
  expect(all).toEqual(Array(1_000).fill(true));
  expect(cluster.asked).toBe(2);
  await a.stop();
});

test('a cluster that does not say hinders no list, lets no watch resume, and is not asked by every one', async () => {
  const { cluster, a, lister } = twoReplicas();
  cluster.answers = false;
  await a.beforeList(lister('shop'));
  expect(await a.mustListAgain(lister('shop'), 500n)).toBe(true);
  expect(await a.mustListAgain(lister('shop'), 500n)).toBe(true);
  expect(cluster.asked).toBe(1);
});

test('in a cluster where nothing moves, a watch that resumes just as its set changes lists again once, and then watches', async () => {
  const { cluster, a, lister } = twoReplicas();
  cluster.revision = 120n;
  await a.beforeList(lister('pay,shop'));
  expect(await a.mustListAgain(lister('shop'), 120n)).toBe(true);
  await a.beforeList(lister('shop'));
  expect(await a.mustListAgain(lister('shop'), 120n)).toBe(false);
  await a.stop();
});

test('a set that comes back is not taken for what it was, also where the cluster did not say when the one between began', async () => {
  const { cluster, a, lister } = twoReplicas();
  cluster.revision = 120n;
  await a.beforeList(lister('shop'));
  cluster.answers = false;
  await a.beforeList(lister('pay,shop'));
  expect(await a.mustListAgain(lister('shop'), 130n)).toBe(true);
  await a.stop();
});
