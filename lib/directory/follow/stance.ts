/** Where a follower stands within one connection: what it has seen, by which way it asks, and what that proves. */
import type { Database } from '#lib/db/database.ts';
import type { Lease } from '#lib/db/lease.ts';
import type { Log } from '#lib/log/log.ts';
import type { Progress } from '#lib/request/answer.ts';
import type { ServerIdentity } from '../ldap/domain.ts';
import type { Position } from '../mutations.ts';
import type { DomainController } from '../types.ts';
import type { ChangeMode } from './changes.ts';

/** What every step of a follower needs. */
export interface Ground {
  readonly db: Database;
  readonly log: Log;
  readonly directoryId: string;
  readonly controllerId: string;
  readonly url: string;
  readonly lease: Lease;
  /** Whether no other domain controller is followed. */
  alone(): boolean;
  /** Whether the directory has others, followed or not. */
  hasPartners(): boolean;
  isReached(controllerId: string): boolean;
  /** Has the leader read everything anew, as soon as it knows what all have told. */
  askLeader(): void;
  /** One small change after the other: two that look at the same rows at once would write over each other. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  onProgress(progress: Progress): void;
}

export interface Stance {
  readonly identity: ServerIdentity;
  readonly leads: boolean;
  readonly mode: ChangeMode;
  readonly seesDeleted: boolean;
  readonly fullReadAt: Date;
  cookie: Buffer | null;
  usn: bigint;
  livingCheck: Check;
  presenceCheck: Check;
  silentCheck: SilentCheck;
  freshWrittenAt: number;
  freshToldAt: number;
}

/** A look at who is still there: when it began, and which USN it is good for. */
export interface Check {
  readonly at: Date;
  readonly usn: bigint;
  readonly dueAt: number;
}

/** One look at those who could act, part by part: since which USN, when the next one may begin, and who is still to be looked for. */
export interface SilentCheck {
  readonly usn: bigint;
  readonly dueAt: number;
  readonly waiting: string[];
}

/** Where a follower stood that did not lead, as its row keeps it. */
export interface Beside {
  readonly invocationId: string;
  readonly mode: ChangeMode;
  readonly usn: string;
  readonly cookie: string | null;
}

const readEverythingEveryMs = 24 * 3_600_000;

export function openStance(from: Pick<Stance, 'identity' | 'leads' | 'mode' | 'cookie' | 'usn' | 'fullReadAt'>): Stance {
  const check = { at: from.fullReadAt, usn: from.usn, dueAt: 0 };
  return {
    ...from,
    seesDeleted: from.mode === 'dirsync-with-tombstones',
    livingCheck: check,
    presenceCheck: check,
    silentCheck: { usn: from.usn, dueAt: 0, waiting: [] },
    freshWrittenAt: 0,
    freshToldAt: 0,
  };
}

export function positionOf(stance: Stance, usn: bigint, drainedAt: Date): Position {
  return {
    invocationId: stance.identity.invocationId,
    dnsHostName: stance.identity.dnsHostName,
    highestUsn: usn,
    cookie: stance.mode === 'usn' ? null : stance.cookie,
    seesDeleted: stance.seesDeleted,
    freshAt: stance.seesDeleted ? drainedAt : stance.livingCheck.at,
    mode: stance.mode,
  };
}

export function besideOf({ identity, mode, usn, cookie }: Stance): Beside {
  return { invocationId: identity.invocationId, mode, usn: String(usn), cookie: cookie?.toString('base64') ?? null };
}

/** A drain without a right to tombstones proves nothing about deletions: there the last look at the living counts, unless nothing happened since. */
export function provenAt(stance: Stance, drainedAt: Date): Date {
  return stance.seesDeleted || stance.livingCheck.usn === stance.usn ? drainedAt : stance.livingCheck.at;
}

export function isReadAllDue(fullReadAt: Date): boolean {
  return Date.now() - fullReadAt.getTime() > readEverythingEveryMs;
}

/** Another invocationId, or a USN below ours: the server was restored, and what we remember of it is void. */
export function canResume(row: DomainController, { invocationId, highestUsn }: ServerIdentity): boolean {
  const isRecent = row.fullReadAt !== null && !isReadAllDue(row.fullReadAt);
  return isRecent && row.invocationId === invocationId && row.highestUsn !== null && row.highestUsn <= highestUsn;
}
