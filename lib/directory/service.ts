/**
 * The directory room. It knows who the people are because Active Directory says so, and it knows within a second when that changes.
 *
 * It promises: a person is an objectGUID, so a rename keeps them and a recycled name is somebody new. An account that is disabled, expired,
 * locked or deleted is cut as soon as any followed domain controller shows it, in a transaction of its own that no bulk work delays. The
 * picture of a directory changes only by whole answers: an error, a cut-off page or silence removes nobody.
 *
 * It trusts: the domain controllers whose certificate the given authority signed, over TLS only, and the replication stamps by which they
 * settle among themselves who is right. It does not trust a name that was typed: a login is resolved to one known account, read anew, and
 * bound by the DN that account has at that moment.
 *
 * It refuses: to follow a referral, or a DNS record out of the domain; to let a domain controller lead that lacks what another has told; to
 * bind with an empty password, to try a wrong password twice, to spend the last tries before AD would lock an account, to guess which of two
 * a name means, to believe a directory about another domain's SIDs, and to believe that a twentieth of the company vanished at once.
 *
 *   service → following (one a directory, under a lease) → follower (one a domain controller) → read, changes → plan (pure) → told → apply
 *   requests → examine, connect, preview, authenticate
 *
 * | folder                     | subject                                                                    |
 * |----------------------------|----------------------------------------------------------------------------|
 * | ldap, dns, active-directory | the wire: connections, SRV records, and how AD writes things down         |
 * | read                       | objects by pages or by GUID, through the admin's own filter                |
 * | follow                     | several domain controllers, who leads, what each has told                  |
 * | plan                       | from observation to operations, what is held, and carrying them out        |
 * | sign-in                    | a typed name, its budget, and one bind                                     |
 * | settings, preview, history | what an admin changes, what would come of it, and what came                |
 * | people                     | people and groups as screens and API show them                             |
 */
import type { OpeningKey, SealingKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { Progress } from '#lib/request/answer.ts';
import type { Service } from '#lib/runtime/service.ts';
import { loadDirectories, loadDirectory, loadSealedSecret } from './data.ts';
import { createFollowing, type Following, fingerprintOf } from './follow/following.ts';
import { forgetOldSyncs } from './history/history.ts';
import { askToReadAgain, endWhatNobodyPutBack } from './mutations.ts';
import { forgetOldTries } from './sign-in/login-tries.ts';

export interface DirectoryServiceOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  readonly workerId: string;
}

export interface DirectoryService extends Service {
  onChanges(changes: readonly Change[]): void;
  /** Follows a directory from now on and waits for its first complete read; throws what went wrong with it. */
  firstRead(directoryId: string, report: (progress: Progress) => void): Promise<void>;
  /** Has a directory read anew, by whichever worker follows it, and though that one should die before; with `removalsApproved`, carries out what the shrink guard held. */
  readAgain(directoryId: string, options: { removalsApproved: boolean }): Promise<void>;
  forget(directoryId: string): Promise<void>;
}

const lookForDirectoriesEveryMs = 10_000;
const firstReadMaxMs = 30 * 60_000;
const sweepEveryMs = 3_600_000;

export function createDirectoryService({ db, openingKey, log, workerId }: DirectoryServiceOptions): DirectoryService {
  const followed = new Map<string, Following>();
  const timers: NodeJS.Timeout[] = [];
  let running = false;
  let looking: Promise<void> = Promise.resolve();

  function look(): void {
    looking = looking.then(followWhatIsThere).catch((error: unknown) => log.warn({ err: error }, 'looking for directories failed'));
  }

  async function followWhatIsThere(): Promise<void> {
    if (!running) return;
    const directories = await loadDirectories(db);
    for (const [id, following] of followed) {
      const directory = directories.find((one) => one.id === id);
      const sealed = directory && (await loadSealedSecret(db, id));
      const isAsItIs =
        directory && sealed && (!following.fingerprint || following.fingerprint === fingerprintOf(directory.settings, sealed));
      if (isAsItIs) continue;
      followed.delete(id);
      await following.stop();
    }
    for (const { id } of directories) await follow(id).start();
  }

  function follow(directoryId: string): Following {
    const known = followed.get(directoryId);
    if (known) return known;
    const made = createFollowing({ db, openingKey, log, workerId, directoryId });
    followed.set(directoryId, made);
    return made;
  }

  return {
    name: 'directory',
    onChanges(changes) {
      if (changes.some(({ topic }) => topic === 'directory')) look();
      if (changes.some(({ topic }) => topic === 'domain-controller')) for (const following of followed.values()) following.look();
    },
    async firstRead(directoryId, report) {
      const following = follow(directoryId);
      let failure: unknown = null;
      following.onProgress = report;
      following.onFailure = (error) => {
        failure = error;
      };
      await following.start();
      try {
        for (const deadline = performance.now() + firstReadMaxMs; performance.now() < deadline; ) {
          if (failure) throw failure;
          const directory = await loadDirectory(db, directoryId);
          if (directory?.state === 'following' || directory?.state === 'held') return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw fault('unavailable', 'directory.slow', 'The first read of the directory takes longer than half an hour and was given up.');
      } finally {
        following.onProgress = null;
        following.onFailure = null;
      }
    },
    async readAgain(directoryId, options) {
      await askToReadAgain(db, directoryId, options);
      followed.get(directoryId)?.look();
    },
    async forget(directoryId) {
      const following = followed.get(directoryId);
      followed.delete(directoryId);
      await following?.stop();
    },
    async start() {
      if (running) return;
      running = true;
      look();
      timers.push(setInterval(look, lookForDirectoriesEveryMs));
      timers.push(
        setInterval(() => forgetOldTries(db).catch((error: unknown) => log.warn({ err: error }, 'old sign-in tries stay')), sweepEveryMs),
        setInterval(
          () => endWhatNobodyPutBack(db).catch((error: unknown) => log.warn({ err: error }, 'what was kept for an undo stays')),
          sweepEveryMs,
        ),
        setInterval(() => forgetOldSyncs(db).catch((error: unknown) => log.warn({ err: error }, 'old history stays')), sweepEveryMs),
      );
      await looking;
    },
    async stop() {
      running = false;
      for (const timer of timers.splice(0)) clearInterval(timer);
      await looking;
      await Promise.all([...followed.values()].map((following) => following.stop()));
      followed.clear();
    },
  };
}
