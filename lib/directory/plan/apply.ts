/**
 * Carries a plan out, in the order in which it must be safe to die: first what takes access away, each piece in a short transaction of its
 * own with its revocation; then memberships that end and what people are, in pieces that hold no row for long, so that somebody who is
 * disabled meanwhile waits for none of them; then, in one transaction, groups, memberships that begin, and the follower's position. Only when a
 * domain is read for the first time are its groups and memberships written in pieces, too, after both their ends. Whatever was done before a crash
 * is found done by the next read. A large take-over wakes the other processes once, at its end.
 */
import { type AuditEntry, record, recordAll } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { type AccountState, isDisabled } from '../active-directory/account.ts';
import { knowsMore } from '../active-directory/replication-stamps.ts';
import {
  endCredentials,
  endSessionsBegunBefore,
  linksToGrants,
  lockChanged,
  lockStates,
  type Position,
  removeEdges,
  saveEdges,
  saveGroups,
  savePeople,
  savePosition,
} from '../mutations.ts';
import type { Directory, KnownEdge, KnownPerson } from '../types.ts';
import { inPiecesOf, type Operation, rowsOfAll } from './operation.ts';
import { type Plan, passes } from './plan.ts';
import { auditOf, type Names } from './story.ts';

export interface ApplyOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly plan: Plan;
  readonly names: Names;
  /** When the follower could first have seen it. */
  readonly evidenceAt: Date;
  readonly lease: Lease;
  readonly controllerId: string;
  /** Null: nothing is remembered of where it stood. */
  readonly position: Position | null;
  /** Written with the position, so that neither is there without the other. */
  alongside?(tx: Tx, touch: Touch): Promise<void>;
}

export interface Applied {
  readonly operations: number;
  readonly cuts: number;
}

const cutsInOneTransaction = 50;
const operationsInOneTransaction = 5_000;
const edgesInOneStatement = 50_000;
/** Beyond this many rows the others read the whole directory anew rather than row by row. */
const touchesOneByOne = 1_000;
/** More than any step between two statements of a piece takes. */
const idleMaxMs = 20_000;
/** Fifty thousand memberships, on the same. */
const pieceMaxMs = 120_000;
/** A million and a half memberships, written on a slow disk. */
const takeOverMaxMs = 30 * 60_000;

export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { db, directory, plan, names, evidenceAt, lease, controllerId, position, alongside } = options;
  const cuts = plan.operations.filter(isCut);
  for (const some of inPieces(cuts, cutsInOneTransaction)) {
    await changing(db, async (tx, touch) => {
      await lease.requireHeld(tx);
      // Two domain controllers show the same disable: whoever comes second finds it done, or finds a newer word of that account.
      const standing = await lockStates(
        tx,
        some.map(({ person }) => person.id),
      );
      const fresh = some.filter(({ person, cut }) => {
        const now = standing.get(person.id);
        return now?.state !== cut && !(isOfTheAccount(cut) && knowsMore(now?.stamps ?? null, person.stamps));
      });
      await savePeople(
        tx,
        directory.forestId,
        fresh.map(({ person }) => person),
      );
      for (const { person, cut, reversible } of fresh) await cutOff(tx, touch, person, cut, evidenceAt, reversible === true);
      await recordAll(
        tx,
        fresh.flatMap((operation) => auditOf(directory, operation, names)),
      );
    });
  }

  const rest = inOrder(plan.operations.filter((operation) => !isCut(operation)));
  const applied = { operations: rowsOfAll(plan.operations), cuts: cuts.length };
  if (rest.length === 0 && !position) return applied;
  const dead = new Set(
    plan.operations.flatMap((operation) => ('person' in operation && operation.person.deletedAt ? operation.person.id : [])),
  );
  // That everybody is there for the first time is one event, not a thousand.
  const isFirstRead = position?.readsAll === true && directory.takenInAt === null;
  const takeOver = touchesAlone(rest) > touchesOneByOne;

  async function write(tx: Tx, touch: Touch, some: readonly Operation[]): Promise<void> {
    await carryOut(tx, directory, some);
    await endSessionsOfOldPasswords(tx, touch, directory, some);
    await endWhatWasKept(tx, touch, some);
    if (!takeOver) await withdrawWhatGroupsGave(tx, touch, some, dead, names, evidenceAt);
    if (!takeOver) for (const operation of some) touchOf(operation, touch);
    if (isFirstRead) return;
    for (const few of inPiecesOf(some, operationsInOneTransaction)) {
      await recordAll(
        tx,
        few.flatMap((operation): AuditEntry[] => auditOf(directory, operation, names)),
      );
    }
  }

  const isLong = rowsOfAll(rest) > operationsInOneTransaction;
  async function writeInPieces(pieces: Iterable<Operation[]>): Promise<void> {
    for (const piece of pieces) {
      await changing(
        db,
        async (tx, touch) => {
          await endIfStopped(tx);
          await write(tx, touch, piece);
          // Asked at the end, here and below: whoever asks holds the lease's row, and piece after piece would leave no moment to renew it.
          await lease.requireHeld(tx);
        },
        { timeoutMs: pieceMaxMs },
      );
    }
  }

  const before = (kind: Operation['kind']) => rest.findLastIndex((one) => order[one.kind] < order[kind]) + 1;
  const [left, ahead] = takeOver ? [before('create-person'), before(isFirstRead ? 'add-members' : 'create-group')] : [0, 0];
  await writeInPieces(inPiecesOf(rest.slice(0, left), operationsInOneTransaction));
  await writeInPieces(inPiecesOf(rest.slice(left, ahead), operationsInOneTransaction));
  let written = ahead;
  if (takeOver && isFirstRead) {
    // Nothing was told yet that somebody could rely on: memberships go in pieces, too, and by two at a time, once both their ends are there.
    written = rest.length;
    const memberships = inPiecesOf(rest.slice(ahead), edgesInOneStatement);
    await allOrNone([writeInPieces(memberships), writeInPieces(memberships)]);
  }
  await changing(
    db,
    async (tx, touch) => {
      if (!isLong) await lease.requireHeld(tx);
      await write(tx, touch, rest.slice(written));
      // Of those who were written while they were read nobody has been told.
      if (takeOver || isFirstRead) touch('directory', directory.id);
      if (position) await savePosition(tx, touch, controllerId, position);
      await alongside?.(tx, touch);
      if (isLong) await lease.requireHeld(tx);
    },
    { timeoutMs: takeOverMaxMs },
  );
  return applied;
}

/** A process that is held still in the middle of a piece does not keep its rows from whoever takes over. */
export async function endIfStopped(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT set_config('idle_in_transaction_session_timeout', ${String(idleMaxMs)}, true)`;
}

/** Whoever fails is told of only when nobody writes any more. */
async function allOrNone(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}

/** What the account itself says, as its replication stamps tell how new; where it lies and whether it is there, they do not tell. */
function isOfTheAccount(state: AccountState): boolean {
  return state === 'disabled' || state === 'expired' || state === 'locked';
}

export async function cutOff(
  tx: Tx,
  touch: Touch,
  person: Pick<KnownPerson, 'id'>,
  state: AccountState,
  evidenceAt: Date,
  reversible = false,
): Promise<void> {
  touch('person', person.id);
  await revoke(tx, touch, { kind: 'person', personId: person.id, reason: state, evidenceAt });
  // A lock is often another's doing and ends by itself, as the hours do; everything else is meant.
  if (!passes(state) && !reversible) await endCredentials(tx, touch, person.id, state);
}

/** Of those whose place here was taken and who kept what they hold for the case of a mistake: an account that is over now is no mistake. */
async function endWhatWasKept(tx: Tx, touch: Touch, operations: readonly Operation[]): Promise<void> {
  const over = operations.flatMap((operation) =>
    operation.kind === 'update-person' && !operation.cut && !operation.reversible && isOver(operation.person) ? operation.person.id : [],
  );
  await endCredentials(tx, touch, over, 'the account is over');
}

function isOver({ deletedAt, userAccountControl, state }: KnownPerson): boolean {
  return deletedAt !== null || state === 'expired' || isDisabled(userAccountControl);
}

async function carryOut(tx: Tx, directory: Directory, operations: readonly Operation[]): Promise<void> {
  await removeEdges(
    tx,
    operations.flatMap((operation) => (operation.kind === 'remove-member' ? operation : [])),
  );
  const people = await asTheyStand(tx, operations);
  const staying = new Set(operations.flatMap((operation) => (keepsItsName(operation) ? operation.person.id : [])));
  await savePeople(
    tx,
    directory.forestId,
    people,
    people.filter(({ id }) => !staying.has(id)),
  );
  await saveGroups(
    tx,
    directory.forestId,
    operations.flatMap((operation) => ('group' in operation ? operation.group : [])),
  );
  const joining = operations.filter((operation) => operation.kind === 'add-members');
  for (const some of inPiecesOf(joining, edgesInOneStatement)) {
    await saveEdges(
      tx,
      some.filter((operation) => operation.kind === 'add-members'),
    );
  }
}

function keepsItsName(operation: Operation): operation is Extract<Operation, { kind: 'update-person' }> {
  if (operation.kind !== 'update-person' || operation.changes.length === 0) return false;
  return !operation.changes.some(({ field }) => field === 'wireName' || field === 'deletedAt');
}

/** A plan takes its time, and somebody may have been cut off since it was made: what it says of their state is the older word. */
async function asTheyStand(tx: Tx, operations: readonly Operation[]): Promise<KnownPerson[]> {
  const updated = operations.flatMap((operation) => (operation.kind === 'update-person' ? operation : []));
  const changed = await lockChanged(
    tx,
    updated.map(({ person: { id }, from }) => ({ id, from })),
  );
  return operations.flatMap((operation) => ('person' in operation ? { ...operation.person, ...changed.get(operation.person.id) } : []));
}

/** Leaving a group that something was granted to is a revocation like any other, and has its receipt. The deleted have theirs already. */
async function withdrawWhatGroupsGave(
  tx: Tx,
  touch: Touch,
  operations: readonly Operation[],
  dead: ReadonlySet<string>,
  names: Names,
  evidenceAt: Date,
): Promise<void> {
  const left = operations.flatMap((operation) => (operation.kind === 'remove-member' && !dead.has(operation.memberId) ? operation : []));
  await revokeMemberships(tx, touch, left, names, evidenceAt);
}

export async function revokeMemberships(tx: Tx, touch: Touch, left: readonly KnownEdge[], names: Names, evidenceAt: Date): Promise<void> {
  for (const { groupId, memberId } of await linksToGrants(tx, left)) {
    const isPerson = memberId.startsWith('p-');
    const group = names.get(groupId) ?? groupId;
    await revoke(tx, touch, {
      kind: 'membership',
      ...(isPerson ? { personId: memberId } : {}),
      reason: isPerson ? `left the group ${group}` : `the group ${names.get(memberId) ?? memberId} left the group ${group}`,
      evidenceAt,
      detail: { groupId, memberId },
    });
  }
}

/** Whoever changes a password may well do so because another knows it. */
async function endSessionsOfOldPasswords(tx: Tx, touch: Touch, directory: Directory, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) {
    if (operation.kind !== 'update-person' || !operation.newPasswordAt) continue;
    const { id, displayName } = operation.person;
    const sessions = await endSessionsBegunBefore(tx, touch, id, operation.newPasswordAt);
    if (sessions === 0) continue;
    await record(tx, {
      event: 'session.ended',
      actor: { kind: 'directory', id: directory.id, name: directory.domain },
      subject: { kind: 'person', id, name: displayName },
      detail: { reason: 'password changed', sessions },
    });
  }
}

/** Away before in; and whoever is a member of something must stand before the membership does. */
const order: Readonly<Record<Operation['kind'], number>> = {
  'remove-member': 0,
  'update-person': 1,
  'create-person': 1,
  'create-group': 2,
  'update-group': 2,
  'delete-group': 2,
  'add-members': 3,
};

function inOrder(operations: readonly Operation[]): Operation[] {
  const byTurn: Operation[][] = [[], [], [], []];
  for (const operation of operations) byTurn[order[operation.kind]]?.push(operation);
  return byTurn.flat();
}

/** How many rows the others would have to read anew, one by one. */
function touchesAlone(operations: readonly Operation[]): number {
  const touched = new Set<string>();
  for (const operation of operations) {
    touchOf(operation, (topic, key) => touched.add(`${topic} ${key}`));
    if (touched.size > touchesOneByOne) break;
  }
  return touched.size;
}

function touchOf(operation: Operation, touch: Touch): void {
  if ('person' in operation) touch('person', operation.person.id);
  else if ('group' in operation) touch('group', operation.group.id);
  else touch('membership', operation.groupId);
}

type Cut = Extract<Operation, { kind: 'update-person' }> & { readonly cut: AccountState };

function isCut(operation: Operation): operation is Cut {
  return operation.kind === 'update-person' && operation.cut !== null;
}

function inPieces<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}
