/**
 * The Kubernetes client of worker and registration: the dozen calls that we need, on one pool per cluster.
 *
 * It promises that an answer it returns is what was asked for (a list is a list of that kind, with its resourceVersion), so that nobody
 * downstream can mistake an error page or half an answer for "there is nothing". It trusts only the pinned CA. It never follows a
 * redirect, never retries by itself, and never sends a request without the identity it was made for.
 */
import { ClusterError } from './cluster-error.ts';
import { collectionPath, kindOf, objectPath } from './kinds.ts';
import { isKubeObject, type KubeObject } from './kube-object.ts';
import { type ClusterAddress, type ClusterAuth, createTransport } from './transport.ts';
import { readEvents, type WatchEvent } from './watch.ts';

export type { ClusterAddress, ClusterAuth } from './transport.ts';
export type { WatchEvent } from './watch.ts';

/** The one name under which we own fields in server-side apply. */
export const fieldManager = 'gatehouse';

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export interface Access {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
}

/** Whom a request asks to be taken for. */
export interface Identity {
  readonly user: string;
  readonly group?: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface ClusterClient {
  version(): Promise<string>;
  whoAmI(): Promise<{ username: string; groups: readonly string[] }>;
  mayI(access: Access): Promise<boolean>;
  /** Tried, not asked: false when the API server refuses that we be somebody else, or to show them this. */
  mayBe(identity: Identity): Promise<boolean>;
  mayReadAs(identity: Identity, kind: string, name: string): Promise<boolean>;
  get(kind: string, name: string, namespace?: string): Promise<KubeObject | null>;
  list(kind: string, options?: { labelSelector?: string; namespace?: string }): Promise<ObjectList>;
  watch(kind: string, options: { labelSelector?: string; resourceVersion: string; signal?: AbortSignal }): AsyncGenerator<WatchEvent>;
  /** Server-side apply, by force: what we say of our fields holds. Returns the object as the server has it now. */
  apply(object: KubeObject, options?: { manager?: string }): Promise<KubeObject>;
  /** Puts the whole object in place of `existing`, which must still be at the given resourceVersion. */
  replace(object: KubeObject, existing: KubeObject): Promise<KubeObject>;
  /** Deletes exactly this one (by uid), and says whether it was there. */
  remove(kind: string, name: string, options?: { namespace?: string; uid?: string }): Promise<boolean>;
  requestToken(account: string, namespace: string, lifetimeSeconds: number): Promise<IssuedToken>;
  close(): Promise<void>;
}

const pageSize = 500;
const watchSeconds = 290;
const watchSilenceMsMax = 150_000;

export function createClusterClient(address: ClusterAddress, auth: ClusterAuth): ClusterClient {
  const transport = createTransport(address, auth);

  return {
    async version() {
      const answer = (await transport.json({ method: 'GET', path: '/version' })) as { gitVersion?: unknown };
      if (typeof answer?.gitVersion !== 'string' || !/^v\d+\.\d+/.test(answer.gitVersion)) {
        throw new ClusterError('garbage', 'the answer to /version names no Kubernetes version');
      }
      return answer.gitVersion;
    },

    async whoAmI() {
      const review = (await transport.json({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      })) as { status?: { userInfo?: { username?: string; groups?: string[] } } };
      return { username: review.status?.userInfo?.username ?? '', groups: review.status?.userInfo?.groups ?? [] };
    },

    async mayI({ path, ...resource }) {
      const review = (await transport.json({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: path === undefined ? { resourceAttributes: resource } : { nonResourceAttributes: { path, verb: resource.verb } },
        },
      })) as { status?: { allowed?: unknown } };
      if (typeof review.status?.allowed !== 'boolean') throw new ClusterError('garbage', 'an access review came back without an answer');
      return review.status.allowed;
    },

    async mayBe(identity) {
      return unlessForbidden(async () => {
        const review = (await transport.json({
          method: 'POST',
          path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
          headers: asHeaders(identity),
        })) as { status?: { userInfo?: { username?: unknown } } };
        if (review.status?.userInfo?.username !== identity.user) {
          throw new ClusterError('garbage', 'the cluster took us for somebody else than it was asked to');
        }
      });
    },

    async mayReadAs(identity, kind, name) {
      return unlessForbidden(async () => {
        anObject(kind, await transport.json({ method: 'GET', path: objectPath(kind, name, undefined), headers: asHeaders(identity) }));
      });
    },

    async get(kind, name, namespace) {
      try {
        return anObject(kind, await transport.json({ method: 'GET', path: objectPath(kind, name, namespace) }));
      } catch (error) {
        if (error instanceof ClusterError && error.kind === 'missing') return null;
        throw error;
      }
    },

    async list(kind, { labelSelector, namespace } = {}) {
      const items: KubeObject[] = [];
      let next: string | undefined;
      for (;;) {
        const page = aList(
          kind,
          await transport.json({
            method: 'GET',
            path: collectionPath(kind, namespace),
            query: { labelSelector, limit: String(pageSize), continue: next },
          }),
        );
        items.push(...page.items);
        next = page.next;
        if (!next) return { items, resourceVersion: page.resourceVersion };
      }
    },

    async *watch(kind, { labelSelector, resourceVersion, signal }) {
      const abort = new AbortController();
      const giveUp = () => abort.abort();
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted) abort.abort();
      try {
        const body = await transport.stream({
          method: 'GET',
          path: collectionPath(kind),
          query: { labelSelector, resourceVersion, watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: String(watchSeconds) },
          signal: abort.signal,
        });
        yield* readEvents(body, abort, watchSilenceMsMax);
      } finally {
        signal?.removeEventListener('abort', giveUp);
      }
    },

    async apply(object, { manager = fieldManager } = {}) {
      const { kind, metadata } = object;
      return anObject(
        kind,
        await transport.json({
          method: 'PATCH',
          path: objectPath(kind, metadata.name, metadata.namespace),
          query: { fieldManager: manager, force: 'true' },
          contentType: 'application/apply-patch+yaml',
          body: object,
        }),
      );
    },

    async replace(object, existing) {
      const { kind, metadata } = object;
      return anObject(
        kind,
        await transport.json({
          method: 'PUT',
          path: objectPath(kind, metadata.name, metadata.namespace),
          query: { fieldManager },
          body: { ...object, metadata: { ...metadata, uid: existing.metadata.uid, resourceVersion: existing.metadata.resourceVersion } },
        }),
      );
    },

    async remove(kind, name, { namespace, uid } = {}) {
      try {
        await transport.json({
          method: 'DELETE',
          path: objectPath(kind, name, namespace),
          body: {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: 'Background',
            ...(uid === undefined ? {} : { preconditions: { uid } }),
          },
        });
        return true;
      } catch (error) {
        if (error instanceof ClusterError && error.kind === 'missing') return false;
        throw error;
      }
    },

    async requestToken(account, namespace, lifetimeSeconds) {
      const answer = (await transport.json({
        method: 'POST',
        path: `${objectPath('ServiceAccount', account, namespace)}/token`,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: lifetimeSeconds } },
      })) as { status?: { token?: unknown; expirationTimestamp?: unknown } };
      const { token, expirationTimestamp } = answer.status ?? {};
      if (typeof token !== 'string' || token === '' || typeof expirationTimestamp !== 'string') {
        throw new ClusterError('garbage', 'a token request came back without a token');
      }
      return { token, expiresAt: new Date(expirationTimestamp) };
    },

    close: () => transport.close(),
  };
}

async function unlessForbidden(attempt: () => Promise<void>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'forbidden') return false;
    throw error;
  }
}

function asHeaders({ user, group }: Identity): Record<string, string> {
  return { 'impersonate-user': user, ...(group === undefined ? {} : { 'impersonate-group': group }) };
}

function anObject(kind: string, value: unknown): KubeObject {
  if (!isKubeObject(value) || value.kind !== kind) throw new ClusterError('garbage', `the answer is not a ${kind}`);
  return value;
}

interface Page {
  items: KubeObject[];
  resourceVersion: string;
  next: string | undefined;
}

/** Items of a list carry neither kind nor apiVersion; they are put back, so that an object means the same wherever it came from. */
function aList(kind: string, value: unknown): Page {
  const list = (typeof value === 'object' && value !== null ? value : {}) as {
    kind?: unknown;
    items?: unknown;
    metadata?: { resourceVersion?: unknown; continue?: unknown };
  };
  const { resourceVersion, continue: next } = list.metadata ?? {};
  if (list.kind !== `${kind}List` || !Array.isArray(list.items) || typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw new ClusterError('garbage', `the answer is not a list of ${kind}`);
  }
  const { apiVersion } = kindOf(kind);
  return {
    items: list.items.map((item: object) => anObject(kind, { ...item, apiVersion, kind })),
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}
