/**
 * Performs a plan, phase by phase, a few at a time, and tells of each operation what came of it. Thin: every decision was taken in diff.ts.
 * One that fails does not stop the others: each is safe by itself, and the next round sees what is left.
 */
import type { ClusterClient } from '#lib/cluster/client.ts';
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { bareNamespace } from '#lib/cluster/remove.ts';
import { differs, type Operation } from './diff.ts';
import { factsOf } from './meaning.ts';

export interface Performed {
  readonly operation: Operation;
  /** The object as the cluster has it now; null when it is gone. */
  readonly result: KubeObject | null;
  /** False when the cluster had it so already, in its own spelling. */
  readonly changed: boolean;
  readonly error: Error | null;
}

const atOnceMax = 8;

/** `mayGoOn` is asked before each operation: a worker that was stopped for a minute wakes up with an old plan in its hands. */
export async function perform(client: ClusterClient, plan: readonly Operation[], mayGoOn: () => boolean): Promise<Performed[]> {
  const done: Performed[] = [];
  const phases = [...new Set(plan.map(({ phase }) => phase))].sort((a, b) => a - b);
  for (const phase of phases) {
    const queue = plan.filter((operation) => operation.phase === phase);
    const workers = Array.from({ length: Math.min(atOnceMax, queue.length) }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (!mayGoOn()) return;
        done.push(await performOne(client, next));
      }
    });
    await Promise.all(workers);
  }
  return done;
}

async function performOne(client: ClusterClient, operation: Operation): Promise<Performed> {
  try {
    const result = await actOn(client, operation);
    const before = operation.existing?.metadata.resourceVersion;
    return {
      operation,
      result,
      changed: result === null || before === undefined || before !== result.metadata.resourceVersion,
      error: null,
    };
  } catch (error) {
    return { operation, result: operation.existing, changed: false, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function actOn(client: ClusterClient, { operation, expected, existing, kind, name, namespace, reason }: Operation) {
  const where = { ...(namespace ? { namespace } : {}), ...(existing?.metadata.uid ? { uid: existing.metadata.uid } : {}) };
  switch (operation) {
    case 'create':
    case 'update':
      return expected && (await put(client, expected));
    case 'recreate':
      await client.remove(kind, name, where);
      return expected && (await put(client, expected));
    case 'delete':
      await client.remove(kind, name, where);
      return null;
    case 'release':
      return put(client, bareNamespace(name));
    case 'refuse':
      throw new Error(`${kind} ${name}: ${reason}`);
  }
}

/**
 * Server-side apply keeps what another manager added beside our fields (a label that aggregates our role into theirs, an opening in a
 * fence). What is still too much after it is replaced as a whole.
 */
async function put(client: ClusterClient, expected: KubeObject): Promise<KubeObject> {
  const applied = await client.apply(expected);
  return differs(expected, applied) ? client.replace(replacement(expected, applied), applied) : applied;
}

function replacement(expected: KubeObject, existing: KubeObject): KubeObject {
  if (expected.kind !== 'Namespace') return expected;
  // A namespace is shared: everybody else's labels and annotations stay, only what counts as fence and ownership becomes as we say.
  const counted = new Set([...factsOf(existing)].filter((fact) => fact.startsWith('label ')).map((fact) => fact.slice(6)));
  const others = Object.entries(existing.metadata.labels ?? {}).filter(([key, value]) => !counted.has(`${key}=${value}`));
  const foreign = Object.entries(existing.metadata.annotations ?? {}).filter(([key]) => !key.startsWith('gatehouse.io/'));
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...Object.fromEntries(others), ...expected.metadata.labels },
      annotations: { ...Object.fromEntries(foreign), ...expected.metadata.annotations },
    },
  };
}
