/**
 * Follows one domain controller. It asks for the highest USN five times a second (a question of one millisecond) and lets a notification wake
 * it sooner; when the number moved it drains the changes, plans, and writes. The notification is a hint, the probe is the promise.
 *
 * What it refuses to believe: an answer that did not come whole, a cookie from before a restore, silence. Any of these ends the connection;
 * the next one begins with the cookie that was committed with its data, or with a complete read. No answer removes nobody.
 *
 * Of several domain controllers one leads: its word makes the rows. The others only take away, account by account, where their replication
 * stamp is newer; so a disable that reaches any of them acts at once, and a controller that lags behind gives nothing back.
 */
import { changing } from '#lib/db/database.ts';
import type { Service } from '#lib/runtime/service.ts';
import { isCookieRefused, readTouched, readTouchedSinceUsn, type Touched } from './changes.ts';
import { endpointOf, requireDirectory } from './data.ts';
import { findHiddenDeletions } from './deletions.ts';
import { type LdapConnection, openConnection } from './ldap/connection.ts';
import { highestUsn, readIdentity, type ServerIdentity } from './ldap/domain.ts';
import { saveFreshness, setControllerState } from './mutations.ts';
import { readAndLead, resumeLead, takeSecondPlace } from './places.ts';
import { readObjects } from './read.ts';
import { briefly } from './sentences.ts';
import { type Ground, isReadAllDue, positionOf, provenAt, type Stance } from './stance.ts';
import { take } from './take.ts';
import type { Directory, Gone, Observation } from './types.ts';

export interface FollowerOptions extends Ground {
  readonly password: string;
  /** Whether this one's word makes the rows; it becomes so when nobody else's does. */
  leads(): boolean;
  onState(state: FollowerState, error: unknown): void;
}

export type FollowerState = 'connecting' | 'reading' | 'following' | 'unreachable';

export interface Follower extends Service {
  readonly controllerId: string;
  readonly state: FollowerState;
  /** Reads everything anew soon; with `removalsApproved`, removals that were held are carried out. */
  readAgain(options?: { removalsApproved?: boolean }): void;
}

const probeEveryMs = 200;
const probeTimeoutMs = 3_000;
const freshnessEveryMs = 2_000;
/** The doors count freshness in minutes: so often they are told of it. */
const freshnessToldEveryMs = 30_000;
const retryAfterMs = [500, 1_000, 2_000, 5_000];

export function createFollower(options: FollowerOptions): Follower {
  const { db, log, directoryId, controllerId, url } = options;
  let state: FollowerState = 'connecting';
  let running = false;
  let loop: Promise<void> = Promise.resolve();
  let connection: LdapConnection | null = null;
  let wake: () => void = () => {};
  let wokenAt: Date | null = null;
  let readAllAsked = false;
  let removalsApproved = false;

  function enter(next: FollowerState, error: unknown = null): void {
    state = next;
    options.onState(next, error);
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (running) {
      try {
        await followUntilDoubt(() => {
          failures = 0;
        });
      } catch (error) {
        connection?.close();
        connection = null;
        if (!running) return;
        log[failures === 0 ? 'warn' : 'debug']({ err: error, url }, 'following a domain controller was interrupted');
        enter('unreachable', error);
        await noteInterruption(error).catch((failure: unknown) => log.warn({ err: failure, url }, 'the interruption could not be noted'));
        await pause(retryAfterMs[Math.min(failures, retryAfterMs.length - 1)] ?? 5_000);
        failures += 1;
      }
    }
  }

  async function followUntilDoubt(onFollowing: () => void): Promise<void> {
    let directory = await requireDirectory(db, directoryId);
    const opened = await openConnection(endpointOf(directory, url));
    connection = opened;
    await opened.bind(directory.settings.bindDn, options.password);
    const identity = await readIdentity(opened);
    // Before the first drain, so that nothing falls between.
    opened.notify(identity.defaultNamingContext, () => {
      wokenAt ??= new Date();
      wake();
    });
    let stance: Stance | null = null;
    while (running) {
      if (!stance || !isStill(stance)) {
        stance = await takePlace(opened, identity, stance);
        directory = await requireDirectory(db, directoryId);
        enter('following');
        onFollowing();
      }
      await onePass(opened, directory, stance);
      if (wokenAt === null) await pause(probeEveryMs);
    }
    opened.close();
  }

  function isStill(stance: Stance): boolean {
    return stance.leads === options.leads() && !(stance.leads && (readAllAsked || isReadAllDue(stance.fullReadAt)));
  }

  async function takePlace(opened: LdapConnection, identity: ServerIdentity, former: Stance | null): Promise<Stance> {
    if (!options.leads()) return takeSecondPlace(options, opened, identity);
    const resumed = former?.leads || readAllAsked ? null : await resumeLead(options, identity);
    if (resumed) return resumed;
    enter('reading');
    // Laid down before, so that what is asked for during the read is not taken for answered by it.
    const [asked, approved] = [readAllAsked, removalsApproved];
    readAllAsked = false;
    try {
      const { stance, wasHeld } = await readAndLead(options, opened, identity, approved);
      if (approved && !wasHeld) removalsApproved = false;
      return stance;
    } catch (error) {
      readAllAsked ||= asked;
      throw error;
    }
  }

  /** One probe, and what it leads to. */
  async function onePass(opened: LdapConnection, directory: Directory, stance: Stance): Promise<void> {
    const noticedAt = wokenAt;
    wokenAt = null;
    const began = new Date();
    const usn = await highestUsn(opened, probeTimeoutMs);
    if (usn < stance.usn) {
      readAllAsked = true;
      throw new Error('the domain controller’s USN went back: it was restored');
    }
    if (usn !== stance.usn) {
      await drain(opened, directory, stance, usn, noticedAt && noticedAt < began ? noticedAt : began);
      stance.usn = usn;
    }
    if (!stance.leads) return;
    if (!stance.seesDeleted) {
      const gone = await findHiddenDeletions(db, opened, directory, stance, began);
      if (gone.length > 0) await takeDelta(directory, stance, { gone }, began);
    }
    await keepFresh(stance, began);
  }

  async function drain(opened: LdapConnection, directory: Directory, stance: Stance, usn: bigint, evidenceAt: Date): Promise<void> {
    const { guids, links, tombstones, containerMoved, linksAreTold } = await touchedSince(opened, directory, stance);
    if (containerMoved) readAllAsked = true;
    if (guids.length === 0 && links.length === 0 && tombstones.length === 0) return;
    const { people, groups, gone: unfound } = await readObjects(opened, directory.baseDn, guids, { members: !linksAreTold });
    const gone: Gone[] = [
      ...tombstones.map((objectGuid) => ({ objectGuid, evidence: 'tombstone' as const })),
      ...unfound.map((objectGuid) => ({ objectGuid, evidence: 'not-found' as const })),
    ];
    await takeDelta(directory, stance, { people, groups, links, gone }, evidenceAt, usn);
  }

  async function touchedSince(opened: LdapConnection, { baseDn }: Directory, stance: Stance): Promise<Touched> {
    if (stance.mode === 'usn' || !stance.cookie) return readTouchedSinceUsn(opened, baseDn, stance.usn);
    try {
      const touched = await readTouched(opened, baseDn, stance.mode, stance.cookie);
      stance.cookie = touched.cookie;
      return touched;
    } catch (error) {
      if (isCookieRefused(error)) readAllAsked = true;
      throw error;
    }
  }

  async function takeDelta(
    directory: Directory,
    stance: Stance,
    parts: Partial<Observation>,
    evidenceAt: Date,
    usn = stance.usn,
  ): Promise<void> {
    const observation: Observation = { people: [], groups: [], links: [], gone: [], ...parts, kind: 'delta' };
    await take(options, { directory, stance, observation, position: positionOf(stance, usn, evidenceAt), evidenceAt, removalsApproved });
  }

  async function keepFresh(stance: Stance, began: Date): Promise<void> {
    const now = performance.now();
    if (now - stance.freshWrittenAt < freshnessEveryMs) return;
    stance.freshWrittenAt = now;
    if (now - stance.freshToldAt < freshnessToldEveryMs) return saveFreshness(db, controllerId, provenAt(stance, began));
    stance.freshToldAt = now;
    await changing(db, async (_, touch) => {
      await saveFreshness(db, controllerId, provenAt(stance, began));
      touch('domain-controller', controllerId);
    });
  }

  async function noteInterruption(error: unknown): Promise<void> {
    await changing(db, async (tx, touch) => setControllerState(tx, touch, controllerId, 'unreachable', briefly(error)));
  }

  function pause(ms: number): Promise<void> {
    if (!running) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    name: `follower of ${url}`,
    controllerId,
    get state() {
      return state;
    },
    readAgain(request = {}) {
      readAllAsked = true;
      removalsApproved ||= request.removalsApproved === true;
      wake();
    },
    async start() {
      if (running) return;
      running = true;
      loop = run();
    },
    async stop() {
      running = false;
      wake();
      connection?.close();
      await loop;
    },
  };
}
