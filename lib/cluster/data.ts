// Reads of the clusters' rows. What is sealed is read only by the two functions at the end, which only worker and proxy may run.
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { ClusterError } from './cluster-error.ts';
import { openToken } from './sealed-token.ts';
import type { ClusterAddress } from './transport.ts';

export function readTaken(db: Database, what: { name: string } | { kubeSystemUid: string }) {
  return db.prisma.cluster.findFirst({
    where: 'name' in what ? what : { ...what, NOT: { state: 'removed' } },
    select: { id: true, name: true, state: true },
  });
}

export function readClusterRow(db: Database, id: string) {
  return db.prisma.cluster.findUnique({ where: { id } });
}

export function readClusterRows(db: Database, options: { removed: boolean }) {
  return db.prisma.cluster.findMany({ where: options.removed ? {} : { NOT: { state: 'removed' } }, orderBy: { name: 'asc' } });
}

export function readStatusRows(db: Database, clusterIds: readonly string[]) {
  return db.prisma.clusterStatus.findMany({ where: { clusterId: { in: [...clusterIds] } }, omit: { lastPlan: true, powers: true } });
}

export function readStatusRow(db: Database, clusterId: string) {
  return db.prisma.clusterStatus.findUnique({ where: { clusterId } });
}

export function readSelfTest(db: Database, clusterId: string) {
  return db.prisma.clusterSelfTest.findUnique({ where: { clusterId } });
}

/** As whom the door may act there, as the cluster confirmed it: the first that match, and how many there are. */
export async function readEntries(db: Database, clusterId: string, { name, limit }: { name: string | undefined; limit: number }) {
  const pattern = `%${(name ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  const where = 'e.cluster_id = $1 AND (e.wire_name ILIKE $2 OR p.display_name ILIKE $2)';
  const from = 'FROM cluster_entry e JOIN person p ON p.id = e.person_id';
  const [total, matching, people] = await Promise.all([
    countEntries(db, clusterId),
    db.sql.query<{ count: number }>(`SELECT count(*)::int AS count ${from} WHERE ${where}`, [clusterId, pattern]),
    db.sql.query<{ personId: string; wireName: string; displayName: string }>(
      `SELECT e.person_id AS "personId", e.wire_name AS "wireName", p.display_name AS "displayName" ${from} WHERE ${where} ORDER BY e.wire_name LIMIT $3`,
      [clusterId, pattern, limit],
    ),
  ]);
  return { total, matching: matching.rows[0]?.count ?? 0, people: people.rows };
}

export async function countNamespaces(db: Database): Promise<Map<string, number>> {
  const counts = await db.prisma.clusterNamespace.groupBy({ by: ['clusterId'], _count: { _all: true } });
  return new Map(counts.map(({ clusterId, _count }) => [clusterId, _count._all]));
}

export function countEntries(db: Database, clusterId: string): Promise<number> {
  return db.prisma.clusterEntry.count({ where: { clusterId } });
}

export function readNamespaces(db: Database, clusterId: string) {
  return db.prisma.clusterNamespace.findMany({ where: { clusterId }, orderBy: { name: 'asc' } });
}

export function readProjectsOfNamespaces(db: Database, clusterId: string) {
  return db.prisma.projectNamespace.findMany({ where: { clusterId } });
}

export function readObservedObjects(db: Database, clusterId: string) {
  return db.prisma.observedObject.findMany({ where: { clusterId }, orderBy: [{ kind: 'asc' }, { namespace: 'asc' }, { name: 'asc' }] });
}

export function readInvitation(db: Database, id: string) {
  return db.prisma.clusterInvitation.findUnique({ where: { id }, omit: { codeHash: true } });
}

export function readInvitationByCode(db: Database, codeHash: Uint8Array<ArrayBuffer>) {
  return db.prisma.clusterInvitation.findUnique({ where: { codeHash } });
}

export function readInvitationWithHash(db: Database, id: string) {
  return db.prisma.clusterInvitation.findUnique({ where: { id } });
}

export function readPerson(db: Database, id: string) {
  return db.prisma.person.findUnique({ where: { id }, select: { id: true, displayName: true } });
}

/** Removed clusters that still hold the credential to clear them: they could not be reached, or a worker died on the way. */
export async function readUncleared(db: Database) {
  const credentials = await db.prisma.clusterReconcileCredential.findMany({ select: { clusterId: true, expiresAt: true } });
  const removed = await db.prisma.cluster.findMany({
    where: { id: { in: credentials.map(({ clusterId }) => clusterId) }, state: 'removed' },
    select: { id: true, name: true },
  });
  const expiry = new Map(credentials.map(({ clusterId, expiresAt }) => [clusterId, expiresAt]));
  return removed.map((cluster) => ({ ...cluster, expiresAt: expiry.get(cluster.id) ?? new Date(0) }));
}

export async function readInstallationId(db: Database): Promise<string> {
  const { id } = await db.prisma.installation.findFirstOrThrow({ select: { id: true } });
  return id;
}

const ages = { version: true, expiresAt: true, renewedAt: true } as const;

/** How old the two credentials are, and nothing of what they are: all that the portal's database role may read of them. */
export async function readCredentialAges(db: Database, clusterId: string) {
  const [door, reconciler] = await Promise.all([
    db.prisma.clusterDoorCredential.findUnique({ where: { clusterId }, select: ages }),
    db.prisma.clusterReconcileCredential.findUnique({ where: { clusterId }, select: ages }),
  ]);
  return { door, reconciler };
}

export function readDoorCredential(db: Database, clusterId: string) {
  return db.prisma.clusterDoorCredential.findUnique({ where: { clusterId } });
}

export function readReconcileCredential(db: Database, clusterId: string) {
  return db.prisma.clusterReconcileCredential.findUnique({ where: { clusterId } });
}

export interface ReconcilerAccess {
  readonly address: ClusterAddress;
  readonly kubeSystemUid: string;
  readonly token: string;
  readonly expiresAt: Date;
  readonly version: number;
  readonly joinedAt: Date;
}

export function addressOf(row: { serverUrl: string; serverName: string | null; caPem: string; proxyUrl: string | null }): ClusterAddress {
  return { url: row.serverUrl, serverName: row.serverName, caPem: row.caPem, proxyUrl: row.proxyUrl };
}

/** Where a cluster is and the token of the account that may write there. The worker's alone. */
export async function openReconcilerAccess(db: Database, openingKey: OpeningKey, clusterId: string): Promise<ReconcilerAccess> {
  const [row, credential] = await Promise.all([readClusterRow(db, clusterId), readReconcileCredential(db, clusterId)]);
  if (!row || !credential) throw new ClusterError('unauthorized', `there is no reconciler's credential of ${clusterId}`);
  return {
    address: addressOf(row),
    kubeSystemUid: row.kubeSystemUid,
    token: openToken(openingKey, clusterId, 'reconciler', credential.sealed),
    expiresAt: credential.expiresAt,
    version: credential.version,
    joinedAt: row.registeredAt,
  };
}

export async function openDoorToken(db: Database, openingKey: OpeningKey, clusterId: string): Promise<string> {
  const credential = await readDoorCredential(db, clusterId);
  if (!credential) throw new ClusterError('unauthorized', `there is no door's credential of ${clusterId}`);
  return openToken(openingKey, clusterId, 'door', credential.sealed);
}
