/**
 * Follows one directory: holds its lease, knows its domain controllers (as listed, or as DNS names them from time to time), runs a follower for
 * the most preferred that answer, says which of them leads, and does what no directory ever reports because only the clock does it (an
 * account's end, a lock's end). What an admin asked for it finds in the directory's row, whichever worker was asked.
 */
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { type Lease, LeaseLost } from '#lib/db/lease.ts';
import type { Log } from '#lib/log/log.ts';
import type { Progress } from '#lib/request/answer.ts';
import { createLoop } from '#lib/runtime/loop.ts';
import type { Service } from '#lib/runtime/service.ts';
import { accountState } from '../active-directory/account.ts';
import { glanceAtDirectory, loadControllers, loadDirectory, loadDueByClock, loadSealedSecret } from '../data.ts';
import { type ControllerSearch, createControllerSearch } from '../dns/controller-search.ts';
import { setControllerState, setPersonState } from '../mutations.ts';
import { cutOff } from '../plan/apply.ts';
import { cutOf } from '../plan/plan.ts';
import { stateEvent } from '../plan/story.ts';
import type { Directory, DirectorySettings, DomainController } from '../types.ts';
import { noteOutOfReach } from './directory-state.ts';
import { createFollower, type Follower } from './follower.ts';
import { type KeptLease, keepLease } from './lease.ts';
import { favouriteOf, whoIsFollowed } from './roster.ts';

export interface FollowingOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly workerId: string;
  readonly directoryId: string;
}

export interface Following extends Service {
  /** With which settings and secret it follows; null before it does. */
  readonly fingerprint: string | null;
  /** Something about this directory may be new: its row is looked at now. */
  look(): void;
  /** Told to whoever waits for the first read. */
  onProgress: ((progress: Progress) => void) | null;
  onFailure: ((error: unknown) => void) | null;
}

const leaseRetryMs = 500;
const clockEveryMs = 1_000;
const unreachableAfterMs = 5_000;
/** So long the others leave the lead to the one that would best have it. */
const favouriteGraceMs = 2_000;
const yieldsForMs = 1_500;

interface FollowerGround {
  readonly lease: KeptLease;
  readonly password: string;
}

export function createFollowing({ db, openingKey, log, workerId, directoryId }: FollowingOptions): Following {
  const loop = createLoop(run);
  let followers = new Map<string, Follower>();
  let controllers: readonly DomainController[] = [];
  let leaderId: string | null = null;
  let favourite: { readonly id: string | null; readonly until: number } = { id: null, until: 0 };
  const yielding = new Map<string, number>();
  let asked: { readAt: number; approvedAt: number } = { readAt: 0, approvedAt: 0 };
  let turn: Promise<unknown> = Promise.resolve();
  let fingerprint: string | null = null;
  let isLookWanted = false;

  const following: Following = {
    name: `directory ${directoryId}`,
    onProgress: null,
    onFailure: null,
    get fingerprint() {
      return fingerprint;
    },
    look,
    async start() {
      loop.start();
    },
    stop: () => loop.stop(),
  };

  async function run(): Promise<void> {
    while (loop.running) {
      let lease: KeptLease | null = null;
      try {
        lease = await keepLease(db, `directory:${directoryId}`, workerId);
        if (lease) await followUnder(lease);
      } catch (error) {
        log.warn({ err: error, directory: directoryId }, 'following a directory was interrupted');
        // A lease that was lost on a busy machine is taken up again; whoever waits for the first read waits on.
        if (!(error instanceof LeaseLost)) following.onFailure?.(error);
      } finally {
        await Promise.all([...followers.values()].map((follower) => follower.stop()));
        followers = new Map();
        yielding.clear();
        leaderId = null;
        await lease?.release();
      }
      await loop.pause(leaseRetryMs);
    }
  }

  async function followUnder(lease: KeptLease): Promise<void> {
    const directory = await loadDirectory(db, directoryId);
    const sealed = await loadSealedSecret(db, directoryId);
    if (!directory || !sealed) throw new Error('the directory or its secret is no more');
    fingerprint = fingerprintOf(directory.settings, sealed);
    const { password } = JSON.parse(open(openingKey, sealed, secretContext(directoryId)).toString('utf8')) as { password: string };
    const ground: FollowerGround = { lease, password };
    const search = createControllerSearch({ db, log, lease, directoryId });
    asked = { readAt: 0, approvedAt: 0 };
    await search.look(directory.settings, { isUrgent: true });
    controllers = await loadControllers(db, directoryId);
    if (controllers.length === 0) following.onFailure?.(search.failure ?? new Error('no domain controller is known'));
    favourite = { id: favouriteOf(controllers, Date.now()), until: performance.now() + favouriteGraceMs };
    await watchOver(ground, search);
  }

  /** Those that should be followed are, the others are not. */
  async function adjust(ground: FollowerGround): Promise<void> {
    const wanted = new Set(
      whoIsFollowed(
        controllers.map(({ id }) => id),
        (id) => followers.get(id)?.state === 'unreachable',
      ),
    );
    const left = new Set<string>();
    for (const [id, follower] of followers) {
      if (wanted.has(id)) continue;
      left.add(id);
      followers.delete(id);
      if (leaderId === id) leaderId = null;
      await follower.stop();
    }
    const standingBy = controllers.filter(({ id, state }) => !wanted.has(id) && (state !== 'new' || left.has(id)));
    if (standingBy.length > 0) {
      await changing(db, async (tx, touch) => {
        await ground.lease.requireHeld(tx);
        for (const { id } of standingBy) await setControllerState(tx, touch, id, 'new', 'stands by: enough others are followed');
      });
      controllers = await loadControllers(db, directoryId);
    }
    for (const { id, url } of controllers) {
      if (!wanted.has(id) || followers.has(id)) continue;
      const follower = followerOf(ground, id, url);
      followers.set(id, follower);
      await follower.start();
    }
  }

  function followerOf({ lease, password }: FollowerGround, controllerId: string, url: string): Follower {
    return createFollower({
      db,
      log,
      directoryId,
      controllerId,
      url,
      password,
      lease,
      leads: () => leads(controllerId),
      yieldLead: () => {
        yielding.set(controllerId, performance.now() + yieldsForMs);
        if (leaderId === controllerId) leaderId = null;
      },
      alone: () => reached().length <= 1,
      hasPartners: () => controllers.length > 1,
      isReached: (id) => reached().some((one) => one.controllerId === id),
      askLeader: () => {
        for (const one of followers.values()) one.readAgain();
      },
      inTurn,
      onState: (state, error) => {
        if (state !== 'unreachable') return;
        if (!(error instanceof LeaseLost)) following.onFailure?.(error);
        look();
      },
      onProgress: (progress) => following.onProgress?.(progress),
    });
  }

  function reached(): Follower[] {
    return [...followers.values()].filter(({ state }) => state !== 'unreachable');
  }

  /** One leads until it is out of reach or yields; the next is the favourite, or after a moment whoever is there. */
  function leads(id: string): boolean {
    const now = performance.now();
    const isLeader = (one: string | null) => one !== null && followers.has(one) && followers.get(one)?.state !== 'unreachable';
    if (!isLeader(leaderId)) leaderId = null;
    const isFavoured = id === favourite.id || !isLeader(favourite.id) || now > favourite.until;
    if (leaderId === null && isFavoured && now >= (yielding.get(id) ?? 0)) leaderId = id;
    return leaderId === id;
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  }

  function look(): void {
    isLookWanted = true;
    loop.wake();
  }

  async function watchOver(ground: FollowerGround, search: ControllerSearch): Promise<void> {
    const { lease } = ground;
    let ledAt = performance.now();
    let directory: Directory | null = null;
    let version = '';
    while (loop.running) {
      isLookWanted = false;
      if (lease.lost) throw new LeaseLost(lease.name);
      const glance = await glanceAtDirectory(db, directoryId);
      if (glance && glance.version !== version) directory = await loadDirectory(db, directoryId);
      if (!glance || !directory) return;
      version = glance.version;
      if (glance.isSomebodyDue) await letTheClockAct(directory, lease);
      const answering = reached();
      if (await search.look(directory.settings, { isUrgent: answering.length === 0 || answering.length < followers.size })) {
        controllers = await loadControllers(db, directoryId);
      }
      await adjust(ground);
      passOnWhatWasAsked(directory);
      if (answering.length > 0 && leaderId !== null) ledAt = performance.now();
      else if (performance.now() - ledAt > unreachableAfterMs) await noteUnreachable(directory, lease, answering.length > 0);
      if (!isLookWanted) await loop.pause(clockEveryMs);
    }
  }

  /** It stands in the row until a complete read has done it; a worker that took over finds it there again. */
  function passOnWhatWasAsked({ readAskedAt, removalsApprovedAt }: Directory): void {
    const [readAt, approvedAt] = [readAskedAt?.getTime() ?? 0, removalsApprovedAt?.getTime() ?? 0];
    if (readAt <= asked.readAt && approvedAt <= asked.approvedAt) return;
    asked = { readAt, approvedAt };
    for (const follower of followers.values()) follower.readAgain({ removalsApproved: approvedAt > 0 });
  }

  async function letTheClockAct(directory: Directory, lease: Lease): Promise<void> {
    const now = new Date();
    for (const person of await loadDueByClock(db, directoryId, directory.lockoutSeconds)) {
      const to = accountState({ ...person, deleted: false, cut: person.cutAt !== null }, directory.lockoutSeconds, now);
      if (to === person.state) continue;
      await changing(db, async (tx, touch) => {
        await lease.requireHeld(tx);
        if (!(await setPersonState(tx, touch, person.id, to))) return;
        const cut = cutOf(person.state, to);
        if (cut) await cutOff(tx, touch, person, cut, to === 'expired' ? (person.accountExpiresAt ?? now) : now);
        const actor = { kind: 'system', name: 'clock' } as const;
        const subject = { kind: 'person', id: person.id, name: person.displayName };
        await record(tx, { event: stateEvent(person.state, to), actor, subject, detail: { from: person.state, to } });
      });
    }
  }

  async function noteUnreachable(directory: Directory, lease: Lease, someAnswer: boolean): Promise<void> {
    if (directory.state === 'unreachable' || directory.state === 'new') return;
    await changing(db, async (tx) => {
      await lease.requireHeld(tx);
      await noteOutOfReach(tx, directory, someAnswer);
    });
    log.error({ directory: directory.domain }, someAnswer ? 'no domain controller that answers may lead' : 'no domain controller answers');
  }

  return following;
}

/** Changes with every change of the settings, and with a new password, which is sealed anew. */
export function fingerprintOf(settings: DirectorySettings, sealed: Buffer): string {
  return `${JSON.stringify(settings)} ${sealed.toString('base64')}`;
}

/** What a directory's sealed password is bound to: moved to another row it does not open. */
export function secretContext(directoryId: string): string {
  return `directory:${directoryId}`;
}
