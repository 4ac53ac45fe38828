/**
 * Follows one domain controller. It asks for the highest USN five times a second (a question of one millisecond) and lets a notification wake
 * it sooner; when the number moved it takes away from whoever lost their account (denials.ts), then drains the changes, plans, and writes. The
 * notification is a hint, the probe is the promise. Meanwhile a second connection looks (sentry.ts): a drain may take seconds, a read a minute.
 *
 * What it refuses to believe: an answer that did not come whole, a cookie from before a restore, silence. Any of these ends the connection;
 * the next one begins with the cookie that was committed with its data, or with a complete read. No answer removes nobody.
 *
 * Of several domain controllers one leads: its word makes the rows. The others only take away, account by account, where their replication
 * stamp is newer; so a disable that reaches any of them acts at once, and a controller that lags behind gives nothing back. It comes to lead
 * only once it knows all that the others have told (told.ts); until then nobody gains.
 */
import { changing, type Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import { createLoop } from '#lib/runtime/loop.ts';
import type { Service } from '#lib/runtime/service.ts';
import { endpointOf, requireDirectory } from '../data.ts';
import { noteFailed } from '../history/history.ts';
import { type LdapConnection, openConnection } from '../ldap/connection.ts';
import { highestUsn, readIdentity, type ServerIdentity } from '../ldap/domain.ts';
import { saveBeside, saveFreshness, setControllerState } from '../mutations.ts';
import { watchedByOwnFilter } from '../read/own-filter.ts';
import { briefly } from '../sentences.ts';
import type { Directory, Gone, Observation } from '../types.ts';
import { createBreaker } from './breaker.ts';
import { isCookieRefused, readTouched, readTouchedSinceUsn, type Touched } from './changes.ts';
import { findHiddenDeletions, findSilentDeletions, notFound } from './deletions.ts';
import { createDenials, type Denials } from './denials.ts';
import { createDriftWatch, mayMoveOthers, readTouchedObjects } from './filtered-read.ts';
import { readAndLead, resumeLead, takeSecondPlace } from './places.ts';
import { createReferenceWatch } from './references.ts';
import { createSentry, type Sentry } from './sentry.ts';
import { besideOf, type Ground, isReadAllDue, openStance, positionOf, provenAt, type Stance } from './stance.ts';
import { take } from './take.ts';
import { noteRolledBack, wasRolledBack, whatItLacks } from './told.ts';
import { createUnknownGroups } from './unknown-groups.ts';

export interface FollowerOptions extends Ground {
  readonly password: string;
  /** Whether this one's word makes the rows; it becomes so when nobody else's does. */
  leads(): boolean;
  /** It cannot lead now: another one may. */
  yieldLead(): void;
  onState(state: FollowerState, error: unknown): void;
}

export type FollowerState = 'connecting' | 'reading' | 'following' | 'unreachable';

export interface Follower extends Service {
  readonly controllerId: string;
  readonly state: FollowerState;
  /** Reads everything anew soon; with `removalsApproved`, removals that were held are carried out. */
  readAgain(options?: { removalsApproved?: boolean }): void;
}

interface Watch {
  readonly denials: Denials;
  readonly sentry: Sentry;
}

const probeEveryMs = 200;
const probeTimeoutMs = 3_000;
const freshnessEveryMs = 2_000;
/** The doors count freshness in minutes: so often they are told of it. */
const freshnessToldEveryMs = 30_000;
const firstRetryMs = 500;
const lastRetryMs = 60_000;
/** With nobody else to follow it is asked for again soon. */
const lastRetryAloneMs = 5_000;
const lookAgainIfBehindMs = 1_000;
const placeWrittenEveryMs = 2_000;
const sayBehindEveryMs = 60_000;

export function createFollower(options: FollowerOptions): Follower {
  const { db, log, directoryId, controllerId, url } = options;
  let state: FollowerState = 'connecting';
  let connection: LdapConnection | null = null;
  let watch: Watch | null = null;
  let wokenAt: Date | null = null;
  let readAllAsked = false;
  let removalsApproved = false;
  let putOffUntil = 0;
  let placeWrittenAt = 0;
  let saidBehindAt = Number.NEGATIVE_INFINITY;
  const breaker = createBreaker({ firstMs: firstRetryMs, maxMs: lastRetryMs });
  const unknownGroups = createUnknownGroups();
  const references = createReferenceWatch(options);
  const drift = createDriftWatch(db);
  const loop = createLoop(run);

  function enter(next: FollowerState, error: unknown = null): void {
    state = next;
    options.onState(next, error);
  }

  async function run(): Promise<void> {
    let isNews = true;
    while (loop.running) {
      try {
        await followUntilDoubt(() => {
          isNews = true;
          breaker.succeeded();
        });
      } catch (error) {
        hangUp();
        if (!loop.running) return;
        log[isNews ? 'warn' : 'debug']({ err: error, url }, 'following a domain controller was interrupted');
        isNews = false;
        enter('unreachable', error);
        await noteInterruption(error).catch((failure: unknown) => log.warn({ err: failure, url }, 'the interruption could not be noted'));
        await loop.pause(breaker.failed({ maxMs: options.alone() ? lastRetryAloneMs : lastRetryMs }));
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
      loop.wake();
    });
    const access = { identity, password: options.password };
    const denials = createDenials(options);
    const watching: Watch = { denials, sentry: createSentry({ ground: options, access, denials }) };
    watch = watching;
    if (await wasRolledBack(options, identity)) await noteRolledBack(options, identity.invocationId);
    let stance: Stance | null = null;
    while (loop.running) {
      if (!stance || !isStill(stance)) {
        stance = await takePlace(opened, watching, identity, stance);
        directory = await requireDirectory(db, directoryId);
        enter('following');
        onFollowing();
      }
      await onePass(opened, watching, directory, stance);
      if (wokenAt === null) await loop.pause(probeEveryMs);
    }
    hangUp();
  }

  function hangUp(): void {
    watch?.sentry.close();
    connection?.close();
    [connection, watch] = [null, null];
  }

  function isStill(stance: Stance): boolean {
    if (performance.now() < putOffUntil) return true;
    return stance.leads === options.leads() && !(stance.leads && (readAllAsked || isReadAllDue(stance.fullReadAt)));
  }

  async function takePlace(opened: LdapConnection, { sentry }: Watch, identity: ServerIdentity, former: Stance | null): Promise<Stance> {
    if (!options.leads()) return former && !former.leads ? former : takeSecondPlace(options, opened, identity);
    const behind = await howFarBehind(opened, identity);
    if (behind !== 'not') putOffUntil = performance.now() + lookAgainIfBehindMs;
    // A complete read can wait; what changes is told meanwhile.
    if (behind !== 'not' && former?.leads) return former;
    if (behind === 'of the rows') {
      options.yieldLead();
      return former ?? takeSecondPlace(options, opened, identity);
    }
    const mayResume = !former?.leads && (!readAllAsked || behind === 'of what was taken');
    const resumed = mayResume ? await resumeLead(options, identity) : null;
    if (resumed) return resumed;
    enter('reading');
    // Laid down before, so that what is asked for during the read is not taken for answered by it.
    const [asked, approved] = [readAllAsked, removalsApproved];
    readAllAsked = false;
    const began = new Date();
    try {
      // Whoever did not stand anywhere yet looks from now on.
      const from = former ?? openStance({ identity, leads: false, mode: 'usn', cookie: null, usn: identity.highestUsn, fullReadAt: began });
      const { stance, wasHeld, unknown } = await sentry.during(await requireDirectory(db, directoryId), from, (heardOf) =>
        readAndLead(options, opened, { identity, password: options.password }, approved, heardOf),
      );
      if (approved && !wasHeld) removalsApproved = false;
      unknownGroups.are(unknown);
      return stance;
    } catch (error) {
      readAllAsked ||= asked;
      if (loop.running)
        await noteFailed(db, options, began, error).catch((failure: unknown) =>
          log.warn({ err: failure, url }, 'a failed read is not in the history'),
        );
      throw error;
    }
  }

  /** Whoever makes the rows must know all that made them, and must not have been put back to an older state. */
  async function howFarBehind(opened: LdapConnection, identity: ServerIdentity): Promise<'not' | 'of what was taken' | 'of the rows'> {
    if (!options.hasPartners()) return 'not';
    const now = { ...identity, highestUsn: await highestUsn(opened, probeTimeoutMs) };
    const isToBeSaid = performance.now() - saidBehindAt > sayBehindEveryMs;
    const say = (words: string) => {
      if (isToBeSaid) saidBehindAt = performance.now();
      log[isToBeSaid ? 'warn' : 'debug']({ url }, words);
    };
    if (await wasRolledBack(options, now)) {
      say('this domain controller was put back to an older state unseen by its partners: it does not lead');
      return 'of the rows';
    }
    const { made, taken } = await whatItLacks(options, opened, now);
    if (made.length + taken.length > 0) say('this domain controller does not know yet what others have told');
    return made.length > 0 ? 'of the rows' : taken.length > 0 ? 'of what was taken' : 'not';
  }

  /** One probe, and what it leads to: first whoever lost their account, then all of it. */
  async function onePass(opened: LdapConnection, { denials, sentry }: Watch, directory: Directory, stance: Stance): Promise<void> {
    const noticedAt = wokenAt;
    wokenAt = null;
    const began = new Date();
    const usn = await highestUsn(opened, probeTimeoutMs);
    if (usn < stance.usn) {
      readAllAsked = true;
      await noteRolledBack(options, stance.identity.invocationId);
      throw new Error('the domain controller’s USN went back: it was restored');
    }
    const evidenceAt = noticedAt && noticedAt < began ? noticedAt : began;
    if (usn !== stance.usn) await denials.look(opened, directory, stance, { usn, evidenceAt });
    await sentry.during(directory, stance, async () => {
      if (usn !== stance.usn) await drain(opened, directory, stance, usn, evidenceAt);
      stance.usn = usn;
      await references.look(opened);
      await (stance.leads ? tend(opened, directory, stance, began) : keepPlace(stance));
    });
  }

  /** What the leader does beside its drains. */
  async function tend(opened: LdapConnection, directory: Directory, stance: Stance, began: Date): Promise<void> {
    await askForUnknownGroups(opened, directory, stance, began);
    const gone = stance.seesDeleted
      ? await findSilentDeletions(db, opened, directory, stance)
      : await findHiddenDeletions(db, opened, directory, stance, began);
    if (gone.length > 0) await takeDelta(opened, directory, stance, { gone }, began);
    await mendDrift(opened, directory, stance, began);
    await keepFresh(stance, began);
  }

  async function mendDrift(opened: LdapConnection, directory: Directory, stance: Stance, began: Date): Promise<void> {
    const guids = await drift.look(opened, directory);
    if (guids.length === 0) return;
    await takeDelta(opened, directory, stance, await readAnew(opened, directory, guids), began);
  }

  async function drain(opened: LdapConnection, directory: Directory, stance: Stance, usn: bigint, evidenceAt: Date): Promise<void> {
    const touched = await touchedSince(opened, directory, stance);
    const { guids, links, tombstones, containerMoved } = touched;
    if (containerMoved) readAllAsked = true;
    if (guids.length === 0 && links.length === 0 && tombstones.length === 0) return;
    const read = await readTouchedObjects(db, opened, directory, touched);
    if (!touched.linksAreTold) unknownGroups.include(read.groups);
    if (mayMoveOthers(directory, touched, read)) drift.suspect();
    const { people, groups, outside, gone: unfound } = read;
    const gone: Gone[] = [...tombstones.map((objectGuid) => ({ objectGuid, evidence: 'tombstone' as const })), ...notFound(unfound)];
    await takeDelta(opened, directory, stance, { people, groups, links, gone, outside }, evidenceAt, usn);
  }

  async function touchedSince(opened: LdapConnection, { baseDn, settings }: Directory, stance: Stance): Promise<Touched> {
    if (stance.mode === 'usn' || !stance.cookie) return readTouchedSinceUsn(opened, baseDn, stance.usn);
    try {
      const touched = await readTouched(opened, baseDn, stance.mode, stance.cookie, watchedByOwnFilter(settings));
      stance.cookie = touched.cookie;
      return touched;
    } catch (error) {
      if (isCookieRefused(error)) readAllAsked = true;
      throw error;
    }
  }

  async function takeDelta(
    opened: LdapConnection,
    directory: Directory,
    stance: Stance,
    parts: Partial<Observation>,
    evidenceAt: Date,
    usn = stance.usn,
  ): Promise<void> {
    const observation: Observation = { people: [], groups: [], links: [], gone: [], ...parts, kind: 'delta' };
    const position = positionOf(stance, usn, evidenceAt);
    await take(options, { directory, stance, connection: opened, observation, position, evidenceAt, removalsApproved });
  }

  /** A range of members that broke off is asked for again before the next complete read (F5). */
  async function askForUnknownGroups(opened: LdapConnection, directory: Directory, stance: Stance, began: Date): Promise<void> {
    const due = unknownGroups.due();
    if (due.length === 0) return;
    const read = await readAnew(opened, directory, due);
    unknownGroups.answered(due, read.groups);
    await takeDelta(opened, directory, stance, read, began);
  }

  /** As they are now, whatever was told of them. */
  async function readAnew(opened: LdapConnection, directory: Directory, guids: string[]) {
    const { gone, ...read } = await readTouchedObjects(db, opened, directory, { guids, links: [], linksAreTold: false });
    return { ...read, gone: notFound(gone) };
  }

  /** Where it goes on after a break, or another worker after this one: what it takes away in between must not be missed. */
  async function keepPlace(stance: Stance): Promise<void> {
    const now = performance.now();
    if (now - placeWrittenAt < placeWrittenEveryMs) return;
    placeWrittenAt = now;
    await saveBeside(options.lease, controllerId, besideOf(stance));
  }

  async function keepFresh(stance: Stance, began: Date): Promise<void> {
    const now = performance.now();
    if (now - stance.freshWrittenAt < freshnessEveryMs) return;
    stance.freshWrittenAt = now;
    const isToBeTold = now - stance.freshToldAt >= freshnessToldEveryMs;
    if (isToBeTold) stance.freshToldAt = now;
    await saveFreshness(options.lease, controllerId, provenAt(stance, began));
    if (isToBeTold) await whileHeld(async (_, touch) => touch('domain-controller', controllerId));
  }

  async function noteInterruption(error: unknown): Promise<void> {
    await whileHeld((tx, touch) => setControllerState(tx, touch, controllerId, 'unreachable', briefly(error)));
  }

  /** Whoever slept through the end of its lease writes nothing when it wakes. */
  async function whileHeld(work: (tx: Tx, touch: Touch) => Promise<unknown>): Promise<void> {
    await changing(db, async (tx, touch) => {
      await options.lease.requireHeld(tx);
      await work(tx, touch);
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
      loop.wake();
    },
    async start() {
      loop.start();
    },
    async stop() {
      const stopped = loop.stop();
      hangUp();
      await stopped;
    },
  };
}
