import type { Database } from '#lib/db/database.ts';

export async function readAcknowledged(db: Database, clusterId: string): Promise<Set<string>> {
  const rows = await db.prisma.clusterEntry.findMany({ where: { clusterId }, select: { wireName: true } });
  return new Set(rows.map(({ wireName }) => wireName));
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
