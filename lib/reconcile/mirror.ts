/**
 * What the cluster has of ours, kept by list and watch, so that drift is seen as it happens. It is `ready` only when every kind was listed
 * completely since the last failure: no answer, half an answer or a broken watch never looks like "nothing there".
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient, ObjectList } from '#lib/cluster/client.ts';
import { ClusterError } from '#lib/cluster/cluster-error.ts';
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { ownerSelector } from '#lib/cluster/names.ts';
import type { Log } from '#lib/log/log.ts';
import { keyOf } from './diff.ts';

export const mirroredKinds = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
] as const;

export interface Mirror {
  readonly ready: boolean;
  /** The first failure since the last complete reading; null when all is well. */
  readonly failure: Error | null;
  objects(): KubeObject[];
  object(key: string): KubeObject | undefined;
  /** What we did ourselves need not wait for its echo; but the echo, or something newer, may have come already. */
  put(object: KubeObject): void;
  drop(object: KubeObject): void;
  /** Lists everything anew, and says how many objects the watches had wrong. */
  resync(): Promise<number>;
  stop(): Promise<void>;
}

const firstRetryMs = 250;
/** Short: a cluster that stays away is its loop's affair, which gives the whole mirror up and waits longer. */
const longestRetryMs = 2_000;

export interface MirrorOptions {
  readonly client: ClusterClient;
  readonly installationId: string;
  readonly log: Log;
  onChange(): void;
}

export function startMirror({ client, installationId, log, onChange }: MirrorOptions): Mirror {
  const held = new Map<string, KubeObject>();
  const listed = new Set<string>();
  const failures = new Map<string, Error>();
  const stopping = new AbortController();
  const selectorOf = (kind: string) => (kind === 'Namespace' ? {} : { labelSelector: ownerSelector(installationId) });

  /** Takes a complete list over; returns how many objects it changed. What came after the list was made is not in it, and stays. */
  function takeOver(kind: string, { items, resourceVersion }: ObjectList): number {
    const present = new Set(items.map(keyOf));
    let corrections = 0;
    for (const [key, object] of held) {
      if (object.kind === kind && !present.has(key) && !isLater(object.metadata.resourceVersion, resourceVersion)) {
        held.delete(key);
        corrections += 1;
      }
    }
    for (const item of items) if (takeIn(item)) corrections += 1;
    return corrections;
  }

  /** An echo older than what we hold is not news. */
  function takeIn(object: KubeObject): boolean {
    const known = held.get(keyOf(object));
    if (known && known.metadata.uid === object.metadata.uid && !isNewer(object, known)) return false;
    held.set(keyOf(object), lean(object));
    return true;
  }

  async function follow(kind: string): Promise<void> {
    let retryMs = firstRetryMs;
    while (!stopping.signal.aborted) {
      try {
        const list = await client.list(kind, selectorOf(kind));
        takeOver(kind, list);
        listed.add(kind);
        failures.delete(kind);
        retryMs = firstRetryMs;
        onChange();
        await watchFrom(kind, list.resourceVersion);
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof ClusterError && error.kind === 'expired') continue;
        listed.delete(kind);
        failures.set(kind, error as Error);
        log.debug({ err: error, kind }, 'watching failed');
        onChange();
        await sleep(retryMs * (0.75 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
  }

  /** Watches on, one watch after the other, until the server says that this place in history is gone. */
  async function watchFrom(kind: string, from: string): Promise<void> {
    let resourceVersion = from;
    while (!stopping.signal.aborted) {
      const began = performance.now();
      for await (const event of client.watch(kind, { ...selectorOf(kind), resourceVersion, signal: stopping.signal })) {
        if (event.type === 'BOOKMARK') {
          resourceVersion = event.resourceVersion;
          continue;
        }
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type === 'DELETED') held.delete(keyOf(event.object));
        else takeIn(event.object);
        onChange();
      }
      // A server that ends every watch at once would have us spin.
      if (performance.now() - began < 1_000) await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const following = mirroredKinds.map(follow);

  return {
    get ready() {
      return listed.size === mirroredKinds.length;
    },
    get failure() {
      return failures.values().next().value ?? null;
    },
    objects: () => [...held.values()],
    object: (key) => held.get(key),
    put: (object) => void takeIn(object),
    drop(object) {
      const key = keyOf(object);
      if (held.get(key)?.metadata.uid === object.metadata.uid) held.delete(key);
    },
    async resync() {
      let corrections = 0;
      for (const kind of mirroredKinds) corrections += takeOver(kind, await client.list(kind, selectorOf(kind)));
      return corrections;
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(following);
    },
  };
}

function isNewer(object: KubeObject, known: KubeObject): boolean {
  const [a, b] = [object.metadata.resourceVersion, known.metadata.resourceVersion];
  return isLater(a, b) || (a !== b && !isLater(b, a));
}

/** Kubernetes promises that versions of one resource can be compared as numbers; two that cannot are neither earlier nor later. */
function isLater(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) > BigInt(b);
}

/** The bookkeeping of who owns which field is as long as the object, and nothing here reads it. */
function lean(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}
