/** Receipts and open streams as screens show them: names instead of ids, and one number for how long it took. */
import { z } from 'zod';
import type { OpenStream, Receipt } from '#lib/directory/people/schema.ts';
import type { World } from '#lib/entitlement/types.ts';
import type { LiveReplica, ReceiptRow } from './data.ts';

type Names = Pick<World, 'person' | 'cluster'>;

/** Of a receipt, the first so many are told one by one. */
const cutsTold = 50;
const reportedCut = z.looseObject({
  kind: z.string(),
  clusterId: z.string(),
  at: z.iso.datetime(),
  resource: z.string().optional(),
  namespace: z.string().default(''),
  name: z.string().default(''),
});
/** What a door writes of each open stream with its heartbeat (lib/proxy/door.ts). */
const reportedStream = z.looseObject({
  id: z.string(),
  kind: z.string(),
  personId: z.string(),
  clusterId: z.string(),
  credentialId: z.string(),
  verb: z.string(),
  resource: z.string(),
  namespace: z.string(),
  name: z.string(),
  address: z.string().nullable(),
  openedAt: z.iso.datetime(),
});

export function receiptView(world: Names, row: ReceiptRow, doorsLive: number): Receipt {
  const refused = row.acks.map(({ refusedFrom }) => new Date(refusedFrom).getTime());
  const refusedFrom = refused.length > 0 ? new Date(Math.max(...refused)) : null;
  const cuts = row.acks.flatMap(({ cut }) => (Array.isArray(cut) ? cut : []));
  const told = cuts.flatMap((cut) => reportedCut.safeParse(cut).data ?? []);
  const clusterIds = new Set(told.map(({ clusterId }) => clusterId));
  return {
    id: row.id,
    kind: row.kind as Receipt['kind'],
    person: row.personId ? { id: row.personId, name: row.personName ?? row.personId } : null,
    cluster: row.clusterId ? { id: row.clusterId, name: clusterName(world, row.clusterId) } : null,
    reason: row.reason,
    evidenceAt: row.evidenceAt.toISOString(),
    refusedFrom: refusedFrom?.toISOString() ?? null,
    latencyMs: refusedFrom ? Math.max(0, refusedFrom.getTime() - row.evidenceAt.getTime()) : null,
    streamsCut: cuts.length,
    cut: told.slice(0, cutsTold).map(({ kind, clusterId, at, resource, namespace, name }) => ({
      kind,
      target: resource === undefined ? null : targetInWords(resource, namespace, name),
      cluster: clusterName(world, clusterId),
      at,
    })),
    sessionsEnded: row.sessionsEnded,
    clusters: [...clusterIds].map((id) => clusterName(world, id)).sort(),
    doorsAcknowledged: row.acks.length,
    doorsLive,
    receiptAt: row.receiptAt?.toISOString() ?? null,
  };
}

export function liveDoors(replicas: readonly LiveReplica[]): number {
  return replicas.filter(({ role, live }) => role === 'proxy' && live).length;
}

/** What a door reports in another shape is left out rather than guessed at. */
export function openStreams(world: Names, replicas: readonly LiveReplica[]): OpenStream[] {
  return replicas
    .filter(({ live }) => live)
    .flatMap(({ id: door, streams }) => streams.flatMap((reported) => streamView(world, door, reported)))
    .sort((a, b) => b.since.localeCompare(a.since));
}

function streamView(world: Names, door: string, reported: unknown): OpenStream[] {
  const parsed = reportedStream.safeParse(reported);
  if (!parsed.success) return [];
  const { id, kind, resource, namespace, name, address, openedAt, credentialId, personId, clusterId } = parsed.data;
  return [
    {
      id,
      kind,
      target: targetInWords(resource, namespace, name),
      since: openedAt,
      address,
      credentialId,
      cluster: { id: clusterId, name: clusterName(world, clusterId) },
      person: { id: personId, name: world.person(personId)?.displayName ?? personId },
      door,
    },
  ];
}

/** "pods shop/web-0", "pods in shop", "nodes". */
function targetInWords(resource: string, namespace: string, name: string): string {
  if (name) return `${resource} ${namespace ? `${namespace}/` : ''}${name}`;
  return namespace ? `${resource} in ${namespace}` : resource;
}

function clusterName(world: Names, id: string): string {
  return world.cluster(id)?.name ?? id;
}
