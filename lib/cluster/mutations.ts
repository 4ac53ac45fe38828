// Writes of the clusters' rows. A registration is one transaction: the cluster, both sealed tokens, its status and its audit event.
import { askerAsActor } from '#lib/audit/asker.ts';
import { type Actor, record } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import type { Touch } from '#lib/db/topics.ts';
import { fault } from '#lib/errors/fault.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import type { ImpersonationMode } from './powers.ts';
import type { SelfTestCheck } from './powers-schema.ts';
import type { ClusterState } from './schema.ts';
import type { ClusterAddress } from './transport.ts';

export interface SealedToken {
  readonly sealed: Buffer;
  readonly expiresAt: Date;
}

export interface ClusterRow {
  readonly id: string;
  readonly name: string;
  readonly title: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: ClusterAddress;
  readonly version: string;
  readonly kubeSystemUid: string;
  readonly askerId: string | null;
  readonly invitationId?: string;
  readonly door: SealedToken;
  readonly reconciler: SealedToken;
}

export async function insertCluster(db: Database, row: ClusterRow): Promise<void> {
  const { id, name, title, labels, address, version, kubeSystemUid, askerId } = row;
  await changing(db, async (tx, touch) => {
    await lockRegistrations(tx);
    await requireStillFree(tx, name, kubeSystemUid);
    await tx.cluster.create({
      data: {
        id,
        name,
        title,
        labels,
        serverUrl: address.url,
        serverName: address.serverName,
        caPem: address.caPem,
        proxyUrl: address.proxyUrl ?? null,
        kubeSystemUid,
        version,
        registeredBy: askerId,
      },
    });
    await tx.clusterDoorCredential.create({ data: { clusterId: id, ...bytes(row.door) } });
    await tx.clusterReconcileCredential.create({ data: { clusterId: id, ...bytes(row.reconciler) } });
    await tx.clusterStatus.create({ data: { clusterId: id } });
    if (row.invitationId) {
      await tx.clusterInvitation.update({
        where: { id: row.invitationId },
        data: { state: 'registered', clusterId: id, detail: null },
      });
      touch('invitation', row.invitationId);
    }
    await record(tx, {
      event: 'cluster.registered',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', id, name },
      clusterId: id,
      detail: { server: address.url, version, way: row.invitationId ? 'kubectl apply' : 'kubeconfig' },
    });
    touch('cluster', id);
  });
}

export interface NewAccess {
  readonly id: string;
  readonly address: ClusterAddress;
  readonly version: string;
  readonly askerId: string | null;
  readonly door: SealedToken;
  readonly reconciler: SealedToken;
}

export async function replaceAccess(db: Database, { id, address, version, askerId, door, reconciler }: NewAccess): Promise<void> {
  await changing(db, async (tx, touch) => {
    const { name } = await tx.cluster.update({
      where: { id },
      data: {
        serverUrl: address.url,
        serverName: address.serverName,
        caPem: address.caPem,
        proxyUrl: address.proxyUrl ?? null,
        version,
        state: 'joining',
        stateDetail: null,
        stateSince: new Date(),
      },
    });
    await writeTokens(tx, id, { door, reconciler });
    // New accounts are to be proven anew, as soon as the cluster is in step.
    await tx.clusterSelfTest.deleteMany({ where: { clusterId: id } });
    await record(tx, {
      event: 'cluster.credential-renewed',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', id, name },
      clusterId: id,
      detail: { way: 'kubeconfig', server: address.url },
    });
    touch('cluster', id);
  });
}

/** Both tokens, renewed by the worker. Doors hear of it by the change and read the new one. */
export async function renewTokens(
  db: Database,
  cluster: { id: string; name: string },
  tokens: { door?: SealedToken; reconciler?: SealedToken },
): Promise<void> {
  await changing(db, async (tx, touch) => {
    await writeTokens(tx, cluster.id, tokens);
    await record(tx, {
      event: 'cluster.credential-renewed',
      actor: { kind: 'system', name: 'rotation' },
      subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
      clusterId: cluster.id,
      detail: { accounts: Object.keys(tokens) },
    });
    touch('cluster', cluster.id);
  });
}

async function writeTokens(
  tx: Tx,
  clusterId: string,
  { door, reconciler }: { door?: SealedToken; reconciler?: SealedToken },
): Promise<void> {
  const renewed = { renewedAt: new Date(), version: { increment: 1 } };
  const where = { clusterId };
  if (door) {
    const row = bytes(door);
    await tx.clusterDoorCredential.upsert({ where, create: { clusterId, ...row }, update: { ...row, ...renewed } });
  }
  if (reconciler) {
    const row = bytes(reconciler);
    await tx.clusterReconcileCredential.upsert({ where, create: { clusterId, ...row }, update: { ...row, ...renewed } });
  }
}

/** What an admin may change. The name is not among it: it stands in people's kubeconfigs. */
export async function updateCluster(
  tx: Tx,
  touch: Touch,
  actor: Actor,
  id: string,
  change: { title?: string | null; labels?: Record<string, string>; strict?: boolean },
): Promise<void> {
  const before = await tx.cluster.findFirst({ where: { id, NOT: { state: 'removed' } } });
  if (!before) throw noSuchCluster();
  // updateMany, which returns no row: the portal's database role may write these three columns and nothing else of a cluster.
  await tx.cluster.updateMany({ where: { id }, data: change });
  await record(tx, {
    event: 'cluster.changed',
    actor,
    subject: { kind: 'cluster', id, name: before.name },
    clusterId: id,
    detail: { before: { title: before.title, labels: before.labels, strict: before.strict }, after: { ...change } },
  });
  touch('cluster', id);
}

/** The state as the reconciler found it. Returns whether it is news. */
export async function setClusterState(
  db: Database,
  cluster: { id: string; name: string },
  state: ClusterState,
  detail: string | null,
  version?: string,
): Promise<boolean> {
  return changing(db, async (tx, touch) => {
    const before = await tx.cluster.findUnique({ where: { id: cluster.id }, select: { state: true, stateDetail: true, version: true } });
    if (!before || before.state === 'removed') return false;
    const sameState = before.state === state;
    if (sameState && before.stateDetail === detail && (version === undefined || before.version === version)) return false;
    await tx.cluster.update({
      where: { id: cluster.id },
      data: { state, stateDetail: detail, ...(sameState ? {} : { stateSince: new Date() }), ...(version ? { version } : {}) },
    });
    const event = sameState ? undefined : eventOf(before.state as ClusterState, state);
    if (event) {
      await record(tx, {
        event,
        actor: { kind: 'system', name: 'reconciler' },
        subject: { kind: 'cluster', ...cluster },
        clusterId: cluster.id,
        detail: { was: before.state, now: state, why: detail },
      });
    }
    touch('cluster', cluster.id);
    return !sameState;
  });
}

function eventOf(before: ClusterState, now: ClusterState) {
  if (now === 'unreachable') return 'cluster.unreachable' as const;
  if (now === 'wrong-cluster') return 'cluster.rebuilt' as const;
  if (now === 'credential-invalid') return 'cluster.credential-invalid' as const;
  return now === 'ready' && before !== 'joining' ? ('cluster.recovered' as const) : undefined;
}

export interface SelfTestResult {
  readonly cluster: { readonly id: string; readonly name: string };
  readonly mode: ImpersonationMode;
  readonly outcome: 'passed' | 'failed';
  /** Null: not shown this time, so what was known stays. */
  readonly constrained: boolean | null;
  readonly checks: readonly SelfTestCheck[];
  /** Null: the worker's own, at registration and daily. */
  readonly askerId: string | null;
}

/** The reconciler hears of it by the change, and follows what it says of the server. A repeated failure is one event in the audit log. */
export async function writeSelfTest(db: Database, { cluster, askerId, checks, ...result }: SelfTestResult): Promise<void> {
  await changing(db, async (tx, touch) => {
    const before = await tx.clusterSelfTest.findUnique({ where: { clusterId: cluster.id } });
    const failed = checks.filter(({ expected, found }) => expected !== found);
    const now = new Date();
    const row = {
      ...result,
      constrained: result.constrained ?? before?.constrained ?? false,
      testedAt: now,
      since: before?.outcome === result.outcome ? before.since : now,
      checks: checks as unknown as Prisma.InputJsonArray,
    };
    await tx.clusterSelfTest.upsert({ where: { clusterId: cluster.id }, create: { clusterId: cluster.id, ...row }, update: row });
    const repeats = askerId === null && before?.outcome === 'failed' && result.outcome === 'failed';
    if (!repeats) {
      await record(tx, {
        event: 'cluster.self-test',
        actor: askerId === null ? { kind: 'system', name: 'self-test' } : await askerAsActor(tx, askerId),
        subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
        clusterId: cluster.id,
        detail: {
          ...result,
          checks: checks.length,
          failed: failed.slice(0, 20).map(({ account, words, found }) => `${account}: ${found} to ${words}`),
        },
      });
    }
    touch('cluster', cluster.id);
  });
}

/** By which words our account there acts as people; written when the cluster has taken them, by the reconciler alone. */
export async function setImpersonationMode(db: Database, cluster: { id: string; name: string }, mode: ImpersonationMode): Promise<void> {
  await changing(db, async (tx, touch) => {
    const { count } = await tx.cluster.updateMany({ where: { id: cluster.id, NOT: [{ mode }, { state: 'removed' }] }, data: { mode } });
    if (count === 0) return;
    await record(tx, {
      event: 'cluster.impersonation-changed',
      actor: { kind: 'system', name: 'reconciler' },
      subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
      clusterId: cluster.id,
      detail: { now: mode },
    });
    touch('cluster', cluster.id);
  });
}

/** Removal begins with the end of all access: doors refuse and cut before anything is cleared away in the cluster itself. */
export async function markRemoved(db: Database, id: string, askerId: string | null): Promise<{ name: string }> {
  return changing(db, async (tx, touch) => {
    const { count } = await tx.cluster.updateMany({
      where: { id, NOT: { state: 'removed' } },
      data: { state: 'removed', stateDetail: null, stateSince: new Date(), removedAt: new Date() },
    });
    const row = await tx.cluster.findUnique({ where: { id }, select: { name: true } });
    if (count === 0 || !row) throw noSuchCluster();
    await tx.clusterEntry.deleteMany({ where: { clusterId: id } });
    await revoke(tx, touch, { kind: 'cluster', clusterId: id, reason: 'the cluster was removed', evidenceAt: new Date() });
    await record(tx, {
      event: 'cluster.removed',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', id, name: row.name },
      clusterId: id,
    });
    touch('cluster', id);
    return row;
  });
}

/** The last that a removed cluster needs: the credential that clears it, once it is cleared or the credential is over. */
export async function forgetReconcileCredential(db: Database, id: string): Promise<void> {
  await db.prisma.clusterReconcileCredential.deleteMany({ where: { clusterId: id } });
}

/** What a removed cluster no longer needs: above all the door's credential. */
export async function forgetCluster(db: Database, id: string): Promise<void> {
  await db.prisma.$transaction([
    db.prisma.clusterDoorCredential.deleteMany({ where: { clusterId: id } }),
    db.prisma.observedObject.deleteMany({ where: { clusterId: id } }),
    db.prisma.clusterNamespace.deleteMany({ where: { clusterId: id } }),
    db.prisma.clusterStatus.deleteMany({ where: { clusterId: id } }),
    db.prisma.clusterSelfTest.deleteMany({ where: { clusterId: id } }),
  ]);
}

export async function recordFailedRegistration(db: Database, askerId: string | null, name: string, message: string): Promise<void> {
  await changing(db, async (tx) => {
    await record(tx, {
      event: 'cluster.registration-failed',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'cluster', id: name, name },
      detail: { why: message },
    });
  });
}

// ── what several of them need ────────────────────────────────────────────────────────────────────────────────────────────────

export function noSuchCluster() {
  return fault('not-found', 'cluster.unknown', 'There is no such cluster.');
}

// Two registrations of one cluster at the same moment would both find it free: they take turns.
async function lockRegistrations(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse cluster registration'))`;
}

async function requireStillFree(tx: Tx, name: string, kubeSystemUid: string): Promise<void> {
  const taken = await tx.cluster.findFirst({
    where: { OR: [{ name }, { kubeSystemUid, NOT: { state: 'removed' } }] },
    select: { name: true },
  });
  if (!taken) return;
  throw fault(
    'conflict',
    taken.name === name ? 'cluster.name-taken' : 'cluster.already-registered',
    taken.name === name ? `The name “${name}” is taken. Choose another.` : `This cluster is already registered, as “${taken.name}”.`,
  );
}

function bytes({ sealed, expiresAt }: SealedToken) {
  return { sealed: Uint8Array.from(sealed), expiresAt };
}
