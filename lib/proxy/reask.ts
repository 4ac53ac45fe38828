/**
 * After a reduction that only the cluster knows how to read (a role lost a rule, a project a namespace), the person's groups are what they
 * were, so no sweep sees it. Every stream that was opened with such a role or project is asked again: once that cluster has converged on the
 * change, a SelfSubjectAccessReview as the person decides. A cluster that has not converged within 10 s, or does not answer, gets no benefit
 * of the doubt: the stream is cut (DECISIONS 18).
 */
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import type { World } from '#lib/entitlement/types.ts';
import type { Log } from '#lib/log/log.ts';
import { askCluster } from './ask-cluster.ts';
import type { Desk } from './desk.ts';
import type { Live } from './forward.ts';
import type { Description } from './steps/describe.ts';
import type { Stream } from './streams.ts';
import type { Upstreams } from './upstream.ts';

const lookEveryMs = 250;
const patienceMs = 10_000;
const atOnceMax = 16;
const reviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

interface ReviewAnswer {
  readonly status?: { readonly allowed?: unknown };
}

interface Waiting {
  readonly live: Live;
  seq: bigint;
  deadlineMs: number;
}

export interface Reasking {
  onChanges(changes: readonly Change[], open: Iterable<Live>): void;
  stop(): Promise<void>;
}

export interface ReaskingOptions {
  readonly db: Database;
  readonly world: Pick<World, 'roles' | 'scope'>;
  readonly desk: Desk;
  readonly upstreams: Upstreams;
  readonly log: Log;
  isOpen(stream: Stream): boolean;
  cut(stream: Stream): void;
}

export function createReasking({ db, world, desk, upstreams, log, isOpen, cut }: ReaskingOptions): Reasking {
  const waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;

  function wait(): void {
    timer ??= setInterval(() => {
      looking ??= look()
        .catch((error: unknown) => log.warn({ err: error }, 'asking open streams again failed; tried again until they are cut'))
        .finally(() => {
          looking = null;
          if (waiting.size > 0 || !timer) return;
          clearInterval(timer);
          timer = null;
        });
    }, lookEveryMs);
  }

  async function look(): Promise<void> {
    for (const [id, { live, deadlineMs }] of waiting) {
      if (!isOpen(live.stream)) waiting.delete(id);
      else if (performance.now() >= deadlineMs) {
        waiting.delete(id);
        cut(live.stream);
      }
    }
    const clusterIds = [...new Set([...waiting.values()].map(({ live }) => live.cluster.id))];
    if (clusterIds.length === 0) return;
    const { rows } = await db.sql.query<{ cluster_id: string; converged_seq: string }>(
      'SELECT cluster_id, converged_seq FROM cluster_status WHERE cluster_id = ANY($1)',
      [clusterIds],
    );
    const converged = new Map(rows.map((row) => [row.cluster_id, BigInt(row.converged_seq)]));
    const ready = [...waiting].filter(([, { live, seq }]) => (converged.get(live.cluster.id) ?? -1n) >= seq);
    for (const [id] of ready) waiting.delete(id);
    while (ready.length > 0) {
      await Promise.all(
        ready.splice(0, atOnceMax).map(async ([, { live }]) => {
          if (isOpen(live.stream) && !(await mayStill(live))) cut(live.stream);
        }),
      );
    }
  }

  async function mayStill(live: Live): Promise<boolean> {
    try {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: attributesOf(live.description, live.call.path),
      };
      const review = (await askCluster(live, { method: 'POST', path: reviewPath, body }, { desk, upstreams })) as ReviewAnswer;
      return review.status?.allowed === true;
    } catch (error) {
      log.warn({ err: error, cluster: live.cluster.name }, 'a cluster could not be asked whether a stream may go on, so it is cut');
      return false;
    }
  }

  return {
    onChanges(changes, open) {
      const concerns = reader(changes, world);
      if (concerns === null) return;
      const seq = changes.at(-1)?.seq ?? 0n;
      for (const live of open) {
        if (live.shownNamespaces !== null || !live.platformGroups.some(concerns)) continue;
        waiting.set(live.stream.id, { live, seq, deadlineMs: performance.now() + patienceMs });
      }
      if (waiting.size > 0) wait();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      waiting.clear();
      await looking;
    },
  };
}

/** Whether a platform group (gatehouse:<installation>:<scope>:<role>) may stand for less since these changes; null when none of them can reduce. */
function reader(changes: readonly Change[], world: ReaskingOptions['world']): ((group: string) => boolean) | null {
  const roleIds = withHeirs(new Set(changes.filter(({ topic }) => topic === 'role').map(({ key }) => key)), world);
  const projectIds = new Set(changes.filter(({ topic }) => topic === 'project').map(({ key }) => key));
  if (roleIds.size === 0 && projectIds.size === 0) return null;
  return (group) => {
    const [, , scopeId = '', roleId = ''] = group.split(':');
    return roleIds.has(roleId) || projectIds.has(world.scope(scopeId)?.projectId ?? '');
  };
}

function withHeirs(roleIds: Set<string>, world: Pick<World, 'roles'>): Set<string> {
  for (let grew = roleIds.size > 0; grew; ) {
    grew = false;
    for (const { id, inherits } of world.roles()) {
      if (roleIds.has(id) || !inherits.some((inherited) => roleIds.has(inherited))) continue;
      roleIds.add(id);
      grew = true;
    }
  }
  return roleIds;
}

function attributesOf(description: Description, path: string): object {
  const { isResource, verb, group, version, resource, subresource, namespace, name } = description;
  if (!isResource) return { nonResourceAttributes: { path: path.split('?')[0], verb } };
  // A WebSocket arrives as `get`, and is a shell all the same.
  const opens = subresource === 'exec' || subresource === 'attach' || subresource === 'portforward';
  return { resourceAttributes: { verb: opens ? 'create' : verb, group, version, resource, subresource, namespace, name } };
}
