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
import { performance } from 'node:perf_hooks';
import { record } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Log } from '#lib/log/log.ts';
import type { Progress } from '#lib/request/answer.ts';
import type { Service } from '#lib/runtime/service.ts';
import { applyPlan } from './apply.ts';
import { type ChangeMode, chooseMode, isCookieRefused, readTouched, readTouchedSinceUsn, type Touched } from './changes.ts';
import {
  endpointOf,
  loadAllKnown,
  loadControllers,
  loadDirectory,
  loadGuidsWithLivingAccess,
  loadKnownAbout,
  loadLivingGuids,
} from './data.ts';
import { type LdapConnection, openConnection } from './ldap/connection.ts';
import { highestUsn, readDomain, readIdentity, type ServerIdentity } from './ldap/domain.ts';
import type { Fence } from './lease.ts';
import { type Position, saveDomainFacts, saveFreshness, setControllerState, setDirectoryState } from './mutations.ts';
import { type Plan, planChanges } from './plan.ts';
import { findGone, readEverything, readObjects, readPresent } from './read.ts';
import { briefly } from './sentences.ts';
import { describeHeld } from './shrink-guard.ts';
import { namesOf } from './story.ts';
import type { Directory, DomainController, Gone, Known, Observation } from './types.ts';

export interface FollowerOptions {
  readonly db: Database;
  readonly log: Log;
  readonly directoryId: string;
  readonly controllerId: string;
  readonly url: string;
  readonly password: string;
  readonly fence: Fence;
  /** Whether this one's word makes the rows; it becomes so when nobody else's does. */
  leads(): boolean;
  /** Whether no other domain controller is followed. */
  alone(): boolean;
  onState(state: FollowerState, error: unknown): void;
  onProgress(progress: Progress): void;
}

export type FollowerState = 'connecting' | 'reading' | 'following' | 'unreachable';

export interface Follower extends Service {
  readonly controllerId: string;
  readonly state: FollowerState;
  /** Reads everything anew soon; with `approved`, removals that were held are carried out. */
  readAgain(options?: { removalsApproved?: boolean }): void;
}

const probeEveryMs = 200;
const probeTimeoutMs = 3_000;
const readEverythingEveryMs = 24 * 3_600_000;
const freshnessEveryMs = 2_000;
/** The doors count freshness in minutes: so often they are told of it. */
const freshnessToldEveryMs = 30_000;
const livingCheckEveryMs = 5_000;
const presenceCheckEveryMs = 15_000;
/** A check of who is still there may cost the domain controller this part of its time. */
const presenceShare = 50;
const retryAfterMs = [500, 1_000, 2_000, 5_000];

export function createFollower(options: FollowerOptions): Follower {
  const { db, log, directoryId, controllerId, url, fence } = options;
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
        await noteUnreachable(error).catch((failure: unknown) => log.warn({ err: failure, url }, 'the interruption could not be noted'));
        await pause(retryAfterMs[Math.min(failures, retryAfterMs.length - 1)] ?? 5_000);
        failures += 1;
      }
    }
  }

  async function followUntilDoubt(onFollowing: () => void): Promise<void> {
    let directory = await requireDirectory();
    const opened = await openConnection(endpointOf(directory, url));
    connection = opened;
    await opened.bind(directory.settings.bindDn, options.password);
    const identity = await readIdentity(opened);
    // Before the first drain, so that nothing falls between.
    opened.notify(identity.defaultNamingContext, () => {
      wokenAt ??= new Date();
      wake();
    });
    let stance = null as Stance | null;
    for (;;) {
      if (!running) return opened.close();
      const leads = options.leads();
      if (!stance || stance.leads !== leads || (leads && isReadAllDue(stance))) {
        directory = await requireDirectory();
        stance = leads
          ? await takeLead(opened, directory, identity, stance?.leads === true)
          : await takeSecondPlace(opened, directory, identity);
        directory = await requireDirectory();
        enter('following');
        onFollowing();
      }
      await onePass(opened, directory, stance);
      if (wokenAt === null) await pause(probeEveryMs);
    }
  }

  function isReadAllDue({ fullReadAt }: Stance): boolean {
    return readAllAsked || Date.now() - fullReadAt.getTime() > readEverythingEveryMs;
  }

  /** One probe, and what it leads to. */
  async function onePass(opened: LdapConnection, directory: Directory, stance: Stance): Promise<void> {
    const noticedAt = wokenAt ?? new Date();
    wokenAt = null;
    const began = new Date();
    const usn = await highestUsn(opened, probeTimeoutMs);
    if (usn < stance.usn) throw new Error('the domain controller’s USN went back: it was restored');
    if (usn !== stance.usn) {
      await drain(opened, directory, stance, usn, noticedAt < began ? noticedAt : began);
      stance.usn = usn;
    }
    stance.drainedAt = began;
    if (!stance.leads) return;
    if (!stance.seesDeleted) await lookForDeletions(opened, directory, stance, began);
    await keepFresh(stance, began);
  }

  async function drain(opened: LdapConnection, directory: Directory, stance: Stance, usn: bigint, evidenceAt: Date): Promise<void> {
    const touched = await touchedSince(opened, directory, stance);
    if (touched.containerMoved) readAllAsked = true;
    const nothing = touched.guids.length === 0 && touched.links.length === 0 && touched.tombstones.length === 0;
    const position = stance.positionAt(usn, evidenceAt);
    if (nothing) return;
    const objects = await readObjects(opened, directory.baseDn, touched.guids, { members: !touched.linksAreTold });
    const gone: Gone[] = [
      ...touched.tombstones.map((objectGuid) => ({ objectGuid, evidence: 'tombstone' as const })),
      ...objects.gone.map((objectGuid) => ({ objectGuid, evidence: 'not-found' as const })),
    ];
    await take(
      { kind: 'delta', people: objects.people, groups: objects.groups, links: touched.links, gone },
      directory,
      stance,
      position,
      evidenceAt,
    );
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

  async function take(observation: Observation, directory: Directory, stance: Stance, position: Position, evidenceAt: Date): Promise<Plan> {
    const known = observation.kind === 'complete' ? await loadAllKnown(db, directory) : await loadKnownAbout(db, directory, observation);
    const whole = planChanges({ directory, known, observation, now: new Date(), alone: options.alone(), removalsApproved, newId });
    const plan = stance.leads ? whole : onlyCuts(whole);
    await write(plan, known, directory, stance, position, evidenceAt);
    return plan;
  }

  async function write(
    plan: Plan,
    known: Known,
    directory: Directory,
    stance: Stance,
    position: Position,
    evidenceAt: Date,
  ): Promise<void> {
    const names = namesOf(known, plan);
    const began = performance.now();
    const applied = await applyPlan({
      db,
      directory,
      plan,
      names,
      evidenceAt,
      fence,
      controllerId,
      position: stance.leads ? position : null,
    });
    if (applied.operations > 0) {
      log.info({ url, ...applied, ms: Math.round(performance.now() - began) }, 'the directory changed');
    }
    if (plan.held.length > 0) await hold(plan, directory);
  }

  async function hold(plan: Plan, directory: Directory): Promise<void> {
    const sentence = describeHeld(plan.held);
    log.error({ directory: directory.domain, held: plan.held }, sentence);
    await changing(db, async (tx) => {
      if (!(await setDirectoryState(tx, directoryId, 'held', sentence))) return;
      const actor = { kind: 'directory', id: directoryId, name: directory.domain } as const;
      const subject = { kind: 'directory', id: directoryId, name: directory.domain };
      await record(tx, { event: 'directory.held', actor, subject, detail: { sentence } });
    });
  }

  // ── taking a place ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function takeLead(opened: LdapConnection, directory: Directory, identity: ServerIdentity, led: boolean): Promise<Stance> {
    const row = await requireController();
    const resumable = !led && !readAllAsked && canResume(row, identity);
    if (!resumable) return readAll(opened, directory, identity);
    const mode = row.cookie ? (row.seesDeleted ? 'dirsync-with-tombstones' : 'dirsync') : 'usn';
    await changing(db, async (tx, touch) => {
      await setControllerState(tx, touch, controllerId, 'following', null);
      if (directory.state !== 'held') await noteRecovered(tx, directory);
    });
    // Older than what it stands at now, so that the first pass drains what happened while nobody followed.
    return stanceOf(identity, mode, row.cookie, (row.highestUsn ?? 0n) - (row.cookie ? 1n : 0n), row.fullReadAt ?? new Date(0));
  }

  /** The others' cookies stand for nothing while another leads; so they begin at now, and lead only after a complete read. */
  async function takeSecondPlace(opened: LdapConnection, directory: Directory, identity: ServerIdentity): Promise<Stance> {
    const usn = await highestUsn(opened, probeTimeoutMs);
    const { mode, cookie } = await chooseMode(opened, directory.baseDn);
    await changing(db, async (tx, touch) => {
      await setControllerState(tx, touch, controllerId, 'following', 'follows beside another domain controller');
    });
    return { ...stanceOf(identity, mode, cookie, usn, new Date()), leads: false };
  }

  async function readAll(opened: LdapConnection, former: Directory, identity: ServerIdentity): Promise<Stance> {
    enter('reading');
    await changing(db, async (tx, touch) => {
      await setControllerState(tx, touch, controllerId, 'reading', null);
      if (former.state === 'new') await setDirectoryState(tx, directoryId, 'reading', null);
    });
    const facts = await readDomain(opened, identity);
    await changing(db, async (tx, touch) => saveDomainFacts(tx, touch, directoryId, facts));
    const directory = await requireDirectory();
    const began = new Date();
    const usn = await highestUsn(opened, probeTimeoutMs);
    const { mode, cookie } = await chooseMode(opened, directory.baseDn);
    options.onProgress({ text: `Reading ${directory.domain}` });
    const whole = await readEverything(opened, directory.baseDn, directory.domainSid, options.onProgress);
    options.onProgress({ text: `Writing ${whole.people.length} accounts and ${whole.groups.length} groups` });
    const stance = stanceOf(identity, mode, cookie, usn, began);
    const position = { ...stance.positionAt(usn, began), fullReadAt: began };
    const plan = await take({ kind: 'complete', ...whole, links: [], gone: [] }, directory, stance, position, began);
    readAllAsked = false;
    if (plan.held.length === 0) removalsApproved = false;
    await changing(db, async (tx) => {
      const actor = { kind: 'directory', id: directoryId, name: directory.domain } as const;
      const subject = { kind: 'directory', id: directoryId, name: directory.domain };
      const detail = {
        accounts: whole.people.length,
        groups: whole.groups.length,
        operations: plan.operations.length,
        seconds: (Date.now() - began.getTime()) / 1_000,
      };
      await record(tx, { event: 'directory.read', actor, subject, detail });
      if (plan.held.length === 0) await noteRecovered(tx, directory);
    });
    log.info(
      { url, accounts: whole.people.length, groups: whole.groups.length, operations: plan.operations.length, mode },
      'the directory was read completely',
    );
    return stance;
  }

  function stanceOf(identity: ServerIdentity, mode: ChangeMode, cookie: Buffer | null, usn: bigint, fullReadAt: Date): Stance {
    const stance: Stance = {
      leads: true,
      mode,
      cookie,
      usn,
      fullReadAt,
      seesDeleted: mode === 'dirsync-with-tombstones',
      drainedAt: new Date(0),
      livingCheck: { at: fullReadAt, usn, dueAt: 0 },
      presenceCheck: { at: fullReadAt, usn, dueAt: 0 },
      freshWrittenAt: 0,
      freshToldAt: 0,
      positionAt: (at, freshAt) => ({
        invocationId: identity.invocationId,
        dnsHostName: identity.dnsHostName,
        highestUsn: at,
        cookie: stance.mode === 'usn' ? null : stance.cookie,
        seesDeleted: stance.seesDeleted,
        freshAt: stance.seesDeleted ? freshAt : stance.livingCheck.at,
      }),
    };
    return stance;
  }

  // ── what the domain controller does not tell ───────────────────────────────────────────────────────────────────────────────

  /** Tombstones are hidden from us here: so those who could act are looked up again, and more rarely everybody. */
  async function lookForDeletions(opened: LdapConnection, directory: Directory, stance: Stance, began: Date): Promise<void> {
    const now = performance.now();
    const missing = new Set<string>();
    const { livingCheck, presenceCheck, usn } = stance;
    if (livingCheck.usn !== usn && now >= livingCheck.dueAt) {
      for (const guid of await findGone(opened, directory.baseDn, await loadGuidsWithLivingAccess(db, directoryId))) missing.add(guid);
      stance.livingCheck = { at: began, usn, dueAt: now + livingCheckEveryMs };
    }
    if (presenceCheck.usn !== usn && now >= presenceCheck.dueAt) {
      const present = await readPresent(opened, directory.baseDn);
      const absent = (await loadLivingGuids(db, directoryId)).filter((guid) => !present.has(guid));
      for (const guid of await findGone(opened, directory.baseDn, absent)) missing.add(guid);
      const cost = performance.now() - now;
      stance.presenceCheck = { at: began, usn, dueAt: now + Math.max(presenceCheckEveryMs, cost * presenceShare) };
    }
    if (missing.size === 0) return;
    const gone = [...missing].map((objectGuid) => ({ objectGuid, evidence: 'not-found' as const }));
    await take({ kind: 'delta', people: [], groups: [], links: [], gone }, directory, stance, stance.positionAt(usn, began), began);
  }

  /** A drain without a right to tombstones proves nothing about deletions: there the last look at the living counts, unless nothing has happened since. */
  async function keepFresh(stance: Stance, began: Date): Promise<void> {
    const now = performance.now();
    if (now - stance.freshWrittenAt < freshnessEveryMs) return;
    stance.freshWrittenAt = now;
    const proven = stance.seesDeleted || stance.livingCheck.usn === stance.usn ? began : stance.livingCheck.at;
    if (now - stance.freshToldAt < freshnessToldEveryMs) return saveFreshness(db, controllerId, proven);
    stance.freshToldAt = now;
    await changing(db, async (_, touch) => {
      await saveFreshness(db, controllerId, proven);
      touch('domain-controller', controllerId);
    });
  }

  // ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function requireDirectory(): Promise<Directory> {
    const directory = await loadDirectory(db, directoryId);
    if (!directory) throw new Error(`the directory ${directoryId} is no more`);
    return directory;
  }

  async function requireController(): Promise<DomainController> {
    const row = (await loadControllers(db, directoryId)).find(({ id }) => id === controllerId);
    if (!row) throw new Error(`the domain controller ${controllerId} is no more`);
    return row;
  }

  async function noteUnreachable(error: unknown): Promise<void> {
    await changing(db, async (tx, touch) => setControllerState(tx, touch, controllerId, 'unreachable', briefly(error)));
  }

  async function noteRecovered(tx: Tx, directory: Directory): Promise<void> {
    await setDirectoryState(tx, directoryId, 'following', null);
    if (directory.state !== 'unreachable') return;
    const actor = { kind: 'directory', id: directoryId, name: directory.domain } as const;
    await record(tx, { event: 'directory.recovered', actor, subject: { kind: 'directory', id: directoryId, name: directory.domain } });
  }

  function pause(ms: number): Promise<void> {
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

/** Where a follower stands within one connection. */
interface Stance {
  leads: boolean;
  readonly mode: ChangeMode;
  cookie: Buffer | null;
  usn: bigint;
  readonly fullReadAt: Date;
  readonly seesDeleted: boolean;
  drainedAt: Date;
  livingCheck: Check;
  presenceCheck: Check;
  freshWrittenAt: number;
  freshToldAt: number;
  positionAt(usn: bigint, freshAt: Date): Position;
}

interface Check {
  readonly at: Date;
  readonly usn: bigint;
  readonly dueAt: number;
}

function canResume(row: DomainController, { invocationId, highestUsn: usn }: ServerIdentity): boolean {
  const isRecent = row.fullReadAt !== null && Date.now() - row.fullReadAt.getTime() < readEverythingEveryMs;
  return isRecent && row.invocationId === invocationId && row.highestUsn !== null && row.highestUsn <= usn;
}

/** A domain controller in second place takes away and gives nothing. */
function onlyCuts(plan: Plan): Plan {
  return { operations: plan.operations.filter((operation) => operation.kind === 'update-person' && operation.cut !== null), held: [] };
}
