/**
 * Follows one directory: holds its lease, runs a follower for each of its domain controllers, says which of them leads, and does what no
 * directory ever reports because only the clock does it (an account's end, a lock's end).
 */
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { type Lease, LeaseLost } from '#lib/db/lease.ts';
import type { Log } from '#lib/log/log.ts';
import type { Progress } from '#lib/request/answer.ts';
import type { Service } from '#lib/runtime/service.ts';
import { accountState } from './active-directory/account.ts';
import { cutOff } from './apply.ts';
import { loadControllers, loadDirectory, loadDueByClock, loadSealedSecret } from './data.ts';
import { noteOutOfReach } from './directory-state.ts';
import { createFollower, type Follower } from './follower.ts';
import { type KeptLease, keepLease } from './lease.ts';
import { setPersonState } from './mutations.ts';
import { cutOf } from './plan.ts';
import { stateEvent } from './story.ts';
import type { Directory, DirectorySettings } from './types.ts';

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
  readAgain(options: { removalsApproved: boolean }): void;
  /** Told to whoever waits for the first read. */
  onProgress: ((progress: Progress) => void) | null;
  onFailure: ((error: unknown) => void) | null;
}

const leaseRetryMs = 1_000;
const clockEveryMs = 1_000;
const unreachableAfterMs = 5_000;

export function createFollowing({ db, openingKey, log, workerId, directoryId }: FollowingOptions): Following {
  let running = false;
  let loop: Promise<void> = Promise.resolve();
  let followers: Follower[] = [];
  let leaderId: string | null = null;
  let fingerprint: string | null = null;
  let stopWaiting: () => void = () => {};

  const following: Following = {
    name: `directory ${directoryId}`,
    onProgress: null,
    onFailure: null,
    get fingerprint() {
      return fingerprint;
    },
    readAgain(options) {
      for (const follower of followers) follower.readAgain(options);
    },
    async start() {
      if (running) return;
      running = true;
      loop = run();
    },
    async stop() {
      running = false;
      stopWaiting();
      await loop;
    },
  };

  async function run(): Promise<void> {
    while (running) {
      let lease: KeptLease | null = null;
      try {
        lease = await keepLease(db, `directory:${directoryId}`, workerId);
        if (lease) await followUnder(lease);
      } catch (error) {
        log.warn({ err: error, directory: directoryId }, 'following a directory was interrupted');
        following.onFailure?.(error);
      } finally {
        await Promise.all(followers.map((follower) => follower.stop()));
        followers = [];
        leaderId = null;
        await lease?.release();
      }
      if (running) await pause(leaseRetryMs);
    }
  }

  async function followUnder(lease: KeptLease): Promise<void> {
    const directory = await loadDirectory(db, directoryId);
    const sealed = await loadSealedSecret(db, directoryId);
    if (!directory || !sealed) throw new Error('the directory or its secret is no more');
    fingerprint = fingerprintOf(directory.settings, sealed);
    const { password } = JSON.parse(open(openingKey, sealed, secretContext(directoryId)).toString('utf8')) as { password: string };
    const controllers = await loadControllers(db, directoryId);
    followers = controllers.map(({ id, url }) =>
      createFollower({
        db,
        log,
        directoryId,
        controllerId: id,
        url,
        password,
        lease,
        leads: () => leads(id),
        alone: () => followers.filter(({ state }) => state !== 'unreachable').length <= 1,
        onState: (state, error) => {
          if (state === 'unreachable') following.onFailure?.(error);
        },
        onProgress: (progress) => following.onProgress?.(progress),
      }),
    );
    for (const follower of followers) await follower.start();
    await watchOver(lease);
  }

  /** The first that gets there leads, until it is out of reach. */
  function leads(id: string): boolean {
    const leader = followers.find(({ controllerId }) => controllerId === leaderId);
    if (!leader || leader.state === 'unreachable') leaderId = id;
    return leaderId === id;
  }

  async function watchOver(lease: KeptLease): Promise<void> {
    let reachableAt = performance.now();
    while (running) {
      if (lease.lost) throw new LeaseLost(lease.name);
      const directory = await loadDirectory(db, directoryId);
      if (!directory) return;
      await letTheClockAct(directory, lease);
      if (followers.some(({ state }) => state !== 'unreachable')) reachableAt = performance.now();
      else if (performance.now() - reachableAt > unreachableAfterMs) await noteUnreachable(directory, lease);
      await pause(clockEveryMs);
    }
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

  async function noteUnreachable(directory: Directory, lease: Lease): Promise<void> {
    if (directory.state === 'unreachable' || directory.state === 'new') return;
    await changing(db, async (tx) => {
      await lease.requireHeld(tx);
      await noteOutOfReach(tx, directory);
    });
    log.error({ directory: directory.domain }, 'no domain controller answers');
  }

  function pause(ms: number): Promise<void> {
    if (!running) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
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
