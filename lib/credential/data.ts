import type { Database, Tx } from '#lib/db/database.ts';

type Reader = Database['prisma'] | Tx;

export function credentialsOf(db: Reader, personId: string) {
  return db.credential.findMany({ where: { personId }, orderBy: { createdAt: 'desc' }, take: 200 });
}

export function credentialById(db: Reader, id: string) {
  return db.credential.findUnique({ where: { id } });
}

/** The one living credential of a device, if it has one. */
export function livingOnDevice(db: Reader, personId: string, deviceId: string, now: Date) {
  return db.credential.findFirst({
    where: { personId, deviceId, kind: 'kubeconfig', revokedAt: null, successorId: null, expiresAt: { gt: now } },
    orderBy: { createdAt: 'desc' },
  });
}

export function livingCount(db: Reader, personId: string, now: Date) {
  return db.credential.count({ where: { personId, revokedAt: null, expiresAt: { gt: now } } });
}
