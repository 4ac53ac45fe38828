import type { Database } from '#lib/db/database.ts';

/** The names that the cluster has confirmed, and whose they are. */
export async function readAcknowledged(db: Database, clusterId: string): Promise<Map<string, string>> {
  const rows = await db.prisma.clusterEntry.findMany({ where: { clusterId }, select: { wireName: true, personId: true } });
  return new Map(rows.map(({ wireName, personId }) => [wireName, personId]));
}

export async function readObservedHashes(db: Database, clusterId: string): Promise<Map<string, string>> {
  const rows = await db.prisma.observedObject.findMany({
    where: { clusterId },
    select: { kind: true, namespace: true, name: true, hash: true },
  });
  return new Map(rows.map(({ kind, namespace, name, hash }) => [`${kind} ${namespace}/${name}`, hash]));
}

export function readNamespaceRows(db: Database, clusterId: string) {
  return db.prisma.clusterNamespace.findMany({ where: { clusterId } });
}

export function readMended(db: Database, clusterId: string) {
  return db.prisma.clusterStatus.findUnique({ where: { clusterId }, select: { mended: true } });
}
