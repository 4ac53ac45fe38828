/**
 * Looks, again and again, at what our processes believe of each person, and holds it against all that was ever true of them. Whether somebody
 * may sign in, and whether they are in a group: each must be seen as a walk through the model's history that never goes back. What both
 * together give must have been given by one state; or by two that lie no further apart than one drain, which reads links and accounts one after the other.
 */
import type { World } from '#lib/entitlement/types.ts';
import { groupsOf, type Model, type ModelPerson, stateOf } from './model.ts';

export interface Observer {
  /** After each change of the model, before anybody else can know of it. */
  note(operation: string): void;
  start(): void;
  stop(): void;
  readonly samples: number;
  readonly violations: readonly string[];
}

/** One state of a person, as it was from `at` on. */
interface Version {
  readonly at: number;
  readonly because: string;
  /** From here on the account is over: never (infinity), always (0), or by the clock. */
  readonly endsAt: number;
  readonly groups: ReadonlySet<string>;
}

interface Seen {
  value: boolean;
  /** The earliest version that what was seen so far can have been. */
  version: number;
}

const everyMs = 20;
const violationsMax = 20;
/** A drain takes a part of a second; a complete read of a small domain, on a machine that is busy with something else, some seconds. */
const oneBreathMs = 15_000;
const signedIn = 'signed in';

export interface Patience {
  /** How long after its end something may still be seen. */
  readonly keptAtMostMs: number;
  /** Of several domain controllers any may end a right, and only the leader gives one: what goes over to another group is missing in between. */
  readonly mayBeMissing: boolean;
}

export function createObserver(model: Model, world: World, { keptAtMostMs, mayBeMissing }: Patience): Observer {
  const histories = new Map<string, Version[]>();
  const seen = new Map<string, Map<string, Seen>>();
  const violations: string[] = [];
  const told = new Set<string>();
  let samples = 0;
  let timer: NodeJS.Timeout | null = null;

  function note(operation: string): void {
    for (const person of model.people.values()) {
      const history = histories.get(person.key) ?? [];
      if (history.length === 0) {
        histories.set(person.key, history);
        history.push({ at: 0, because: 'nobody yet', endsAt: 0, groups: new Set() });
      }
      const next = versionOf(person, operation);
      if (!isSame(history.at(-1), next)) history.push(next);
    }
  }

  function versionOf(person: ModelPerson, because: string): Version {
    const holdsNow = !person.deleted && ['enabled', 'expired'].includes(stateOf(model, person, Number.POSITIVE_INFINITY)) && !person.locked;
    const endsAt = holdsNow ? (person.expiresAt ?? Number.POSITIVE_INFINITY) : 0;
    return { at: Date.now(), because, endsAt, groups: person.deleted ? new Set() : groupsOf(model, person) };
  }

  function sample(): void {
    samples += 1;
    const now = new Date();
    const keyOfGroup = new Map([...model.groups.values()].map(({ guid, key }) => [guid, key]));
    const keyOfPerson = new Map([...model.people.values()].map(({ guid, key }) => [guid, key]));
    for (const row of world.people()) {
      const key = keyOfPerson.get(row.objectGuid);
      if (!key) continue;
      const reached = new Set<string>(world.standing(row.id, now) === 'live' ? [signedIn] : []);
      for (const id of world.groupsOf(row.id)) {
        const group = keyOfGroup.get(world.group(id)?.objectGuid ?? '');
        if (group) reached.add(group);
      }
      judge(key, reached, now.getTime());
    }
  }

  function judge(key: string, reached: ReadonlySet<string>, now: number): void {
    const history = histories.get(key) ?? [];
    const facts = seen.get(key) ?? new Map<string, Seen>();
    seen.set(key, facts);
    let isNews = false;
    // What somebody is in who may not sign in gives nothing; the walk goes on when they may.
    const isLive = reached.has(signedIn);
    for (const what of isLive ? new Set([...facts.keys(), ...reached]) : [signedIn]) {
      const fact = facts.get(what) ?? { value: false, version: 0 };
      facts.set(what, fact);
      const value = reached.has(what);
      isNews ||= value !== fact.value;
      if (value !== fact.value) advance(key, what, fact, value, now);
      else if (value && isKeptTooLong(history, what, fact.version, now)) tell(key, what, 'is kept too long', fact.version);
    }
    const live = facts.get(signedIn);
    if (!isNews || !live?.value) return;
    for (const what of reached) {
      const member = facts.get(what);
      if (member && !isGivenTogether(history, live.version, what, member.version, now))
        tell(key, what, 'is given, by no state and by no two in one breath', Math.min(live.version, member.version));
    }
  }

  function advance(key: string, what: string, fact: Seen, value: boolean, now: number): void {
    const history = histories.get(key) ?? [];
    fact.value = value;
    for (let version = fact.version; version < history.length; version += 1) {
      if (gives(history[version], what, now) !== value) continue;
      fact.version = version;
      return;
    }
    if (value || !mayBeMissing)
      tell(key, what, value ? 'is given, by no state that there was' : 'is gone, by no state that there was', fact.version);
  }

  function isKeptTooLong(history: readonly Version[], what: string, from: number, now: number): boolean {
    for (let version = history.length - 1; version >= from; version -= 1) {
      if (gives(history[version], what, now - keptAtMostMs)) return false;
      if ((history[version]?.at ?? 0) < now - keptAtMostMs) return true;
    }
    return true;
  }

  function tell(key: string, what: string, verb: string, from: number): void {
    if (violations.length >= violationsMax || told.has(`${key} ${what} ${verb}`)) return;
    told.add(`${key} ${what} ${verb}`);
    const since = (histories.get(key) ?? []).slice(from).map(({ at, because, endsAt, groups }) => {
      const holds = endsAt > at ? [...groups].join('+') || 'live' : 'nothing';
      return `${new Date(at).toISOString().slice(14, 23)} ${because}: ${holds}`;
    });
    violations.push(`${new Date().toISOString().slice(14, 23)} ${key}: ${what} ${verb}; since then: ${since.slice(-12).join(' | ')}`);
  }

  return {
    note,
    get samples() {
      return samples;
    },
    violations,
    start() {
      timer = setInterval(sample, everyMs);
    },
    stop() {
      if (timer) clearInterval(timer);
      sample();
    },
  };
}

function gives(version: Version | undefined, what: string, now: number): boolean {
  return version !== undefined && (what === signedIn ? now < version.endsAt : version.groups.has(what));
}

function isGivenTogether(history: readonly Version[], liveFrom: number, what: string, memberFrom: number, now: number): boolean {
  const spans = (from: number, fact: string) =>
    history.flatMap((version, n) => (n >= from && gives(version, fact, now) ? { from: version.at, to: history[n + 1]?.at ?? now } : []));
  const members = spans(memberFrom, what);
  return spans(liveFrom, signedIn).some((live) => members.some(({ from, to }) => Math.max(live.from - to, from - live.to) <= oneBreathMs));
}

function isSame(one: Version | undefined, other: Version): boolean {
  return one?.endsAt === other.endsAt && one.groups.size === other.groups.size && [...one.groups].every((group) => other.groups.has(group));
}
