/**
 * Carries a plan out, in the order in which it must be safe to die: first what takes access away, each piece in a short transaction of its
 * own with its revocation; then everything else in pieces that hold no lock for long; with the last piece the follower's position. Whatever
 * was done before a crash is found done by the next read. A large take-over wakes the other processes once, at its end.
 */
import { type AuditEntry, record, recordAll } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { Touch } from '#lib/db/topics.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import type { AccountState } from './active-directory/account.ts';
import {
  endCredentials,
  endSessionsBegunBefore,
  linksToGrants,
  lockStates,
  type Position,
  removeEdges,
  saveEdges,
  saveGroups,
  savePeople,
  savePosition,
} from './mutations.ts';
import { type Operation, type Plan, passes } from './plan.ts';
import { auditOf, type Names } from './story.ts';
import type { Directory, KnownPerson } from './types.ts';

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
}

export interface Applied {
  readonly operations: number;
  readonly cuts: number;
}

const cutsInOneTransaction = 50;
const operationsInOneTransaction = 5_000;
/** Beyond this many rows the others read the whole directory anew rather than row by row. */
const touchesOneByOne = 200;

export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { db, directory, plan, names, evidenceAt, lease, controllerId, position } = options;
  const cuts = plan.operations.filter(isCut);
  for (const some of inPieces(cuts, cutsInOneTransaction)) {
    await changing(db, async (tx, touch) => {
      await lease.requireHeld(tx);
      // Two domain controllers show the same disable: whoever comes second finds it done.
      const states = await lockStates(
        tx,
        some.map(({ person }) => person.id),
      );
      const fresh = some.filter(({ person, cut }) => states.get(person.id) !== cut);
      await savePeople(
        tx,
        directory.forestId,
        fresh.map(({ person }) => person),
      );
      for (const { person, cut } of fresh) await cutOff(tx, touch, person, cut, evidenceAt);
      await recordAll(
        tx,
        fresh.flatMap((operation) => auditOf(directory, operation, names)),
      );
    });
  }

  const rest = plan.operations.filter((operation) => !isCut(operation)).toSorted((one, other) => order[one.kind] - order[other.kind]);
  if (rest.length === 0 && !position) return { operations: plan.operations.length, cuts: cuts.length };
  const dead = new Set(
    plan.operations.flatMap((operation) => ('person' in operation && operation.person.deletedAt ? operation.person.id : [])),
  );
  // That everybody is there for the first time is one event, not a thousand.
  const isFirstRead = position?.fullReadAt !== undefined && (directory.state === 'new' || directory.state === 'reading');
  const takeOver = rest.length > touchesOneByOne;
  const pieces = inPieces(rest, operationsInOneTransaction);
  for (const [n, some] of (pieces.length > 0 ? pieces : [[]]).entries()) {
    const isLast = n >= pieces.length - 1;
    await changing(
      db,
      async (tx, touch) => {
        await lease.requireHeld(tx);
        await carryOut(tx, directory, some);
        await endSessionsOfOldPasswords(tx, touch, directory, some);
        if (!takeOver) await withdrawWhatGroupsGave(tx, touch, some, dead, names, evidenceAt);
        if (!takeOver) for (const operation of some) touchOf(operation, touch);
        if (!isFirstRead) {
          await recordAll(
            tx,
            some.flatMap((operation): AuditEntry[] => auditOf(directory, operation, names)),
          );
        }
        if (!isLast) return;
        if (takeOver) touch('directory', directory.id);
        if (position) await savePosition(tx, touch, controllerId, position);
      },
      { timeoutMs: 60_000 },
    );
  }
  return { operations: plan.operations.length, cuts: cuts.length };
}

export async function cutOff(tx: Tx, touch: Touch, person: Pick<KnownPerson, 'id'>, state: AccountState, evidenceAt: Date): Promise<void> {
  touch('person', person.id);
  await revoke(tx, touch, { kind: 'person', personId: person.id, reason: state, evidenceAt });
  // A lock is often another's doing and ends by itself, as the hours do; everything else is meant.
  if (!passes(state)) await endCredentials(tx, touch, person.id, state);
}

async function carryOut(tx: Tx, directory: Directory, operations: readonly Operation[]): Promise<void> {
  await removeEdges(
    tx,
    operations.flatMap((operation) => (operation.kind === 'remove-member' ? operation : [])),
  );
  await savePeople(
    tx,
    directory.forestId,
    operations.flatMap((operation) => ('person' in operation ? operation.person : [])),
  );
  await saveGroups(
    tx,
    directory.forestId,
    operations.flatMap((operation) => ('group' in operation ? operation.group : [])),
  );
  await saveEdges(
    tx,
    operations.flatMap((operation) => (operation.kind === 'add-member' ? operation : [])),
  );
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
  'add-member': 3,
};

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
