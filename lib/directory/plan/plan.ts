/**
 * What has to change so that our tables say what the directory says. Pure: rows and an observation go in, a list of operations that explains
 * itself comes out; preview, tests and the real thing use the same list. A person is a GUID: names, places and even domains are attributes.
 */
import { type AccountState, accountState } from '../active-directory/account.ts';
import { isWithin } from '../active-directory/distinguished-name.ts';
import { sidOfRid } from '../active-directory/sid.ts';
import type { Approval, Directory, FormerHolder, Known, KnownEdge, KnownGroup, KnownPerson, Observation, PersonFacts } from '../types.ts';
import { openEdgeBook } from './edge-book.ts';
import { mergeState, wasOffMeanwhile } from './merge.ts';
import type { FieldChange, Operation, RemovalReason } from './operation.ts';
import { type Affected, type Guard, guardOf, type Held } from './shrink-guard.ts';
import { assignWireNames, type Claim, readableName } from './wire-names.ts';

export interface Plan {
  readonly operations: readonly Operation[];
  /** Removals that were left out because there are too many of them. */
  readonly held: readonly Held[];
}

export interface PlanInput {
  readonly directory: Pick<Directory, 'id' | 'wirePrefix' | 'domainSid' | 'lockoutSeconds' | 'settings'>;
  readonly known: Known;
  readonly observation: Observation;
  readonly now: Date;
  /** Only one domain controller is followed: its word needs no second. */
  readonly alone: boolean;
  /** An admin has said that the removals held before are meant. */
  readonly removalsApproved: boolean;
  /** Or has seen beforehand what a change of the settings would remove. */
  readonly approvedUpTo?: Approval | null | undefined;
  readonly newId: (prefix: string) => string;
}

export function planChanges(input: PlanInput): Plan {
  const steps = planning(input);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

// Long enough to get on, short enough that a lease is renewed and somebody else cut off meanwhile.
const sliceMs = 10;

/** The same in slices: of a whole directory it takes seconds, in which the process must go on with everything else. */
export async function planInSlices(input: PlanInput): Promise<Plan> {
  const steps = planning(input);
  for (let began = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - began < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
}

/** Stops for a moment wherever it may be interrupted. */
type Steps<T> = Generator<undefined, T, undefined>;

function* planning(input: PlanInput): Steps<Plan> {
  const guard = guardOf({ ...input, settings: input.directory.settings });
  const people = yield* planPeople(input, guard);
  const groups = yield* planGroups(input, guard);
  const memberships = yield* planMemberships(input, guard, people.rows, groups.rows);
  const operations = people.operations;
  for (const more of [groups.operations, memberships.operations]) for (const operation of more) operations.push(operation);
  return {
    operations,
    held: [guard.unseen, people.held, groups.held, memberships.held].filter((held) => held !== null),
  };
}

// ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Planned<Row> {
  readonly operations: Operation[];
  /** The rows as they will be, by GUID; only those that live. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly held: Held | null;
}

function* planPeople(input: PlanInput, guard: Guard): Steps<Planned<KnownPerson>> {
  const { directory, known, observation, now } = input;
  const outside = new Set(observation.outside);
  const before = new Map(known.people.map((person) => [person.objectGuid, person]));
  const next = new Map<string, KnownPerson>();
  for (const facts of observation.people) {
    yield;
    const current = before.get(facts.objectGuid);
    const inScope = !outside.has(facts.objectGuid) && isInScope(facts.dn, directory.settings.scopeDns);
    if (current || inScope) next.set(facts.objectGuid, nextPerson(input, facts, current, inScope));
  }
  for (const guid of outside) {
    const current = before.get(guid);
    if (current && current.deletedAt === null && !next.has(guid)) next.set(guid, { ...current, outOfScope: true });
  }

  const removals = removalsOf(observation, known.people, directory.id);
  const leaving = [...next.values()].filter((person) => person.outOfScope && before.get(person.objectGuid)?.outOfScope === false);
  const missing = [...removals].flatMap(([guid, why]) => (why === 'tombstone' ? [] : (before.get(guid) ?? [])));
  const affected = () => [...missing, ...leaving].map(({ id, displayName }) => ({ id, name: displayName }));
  const held = guard.hold('people', missing.length + leaving.length, known.livePeople, affected);
  const isMass = !held && guard.isMass('people', missing.length + leaving.length, known.livePeople);
  const reversible = new Set(isMass ? [...missing, ...leaving].map(({ objectGuid }) => objectGuid) : []);
  if (held) for (const person of leaving) next.set(person.objectGuid, { ...person, outOfScope: false });
  for (const [guid, why] of removals) {
    const current = before.get(guid);
    if (current && !(held && why !== 'tombstone')) next.set(guid, { ...current, deletedAt: now });
  }

  const named = withWireNames(directory.wirePrefix, [...next.values()], known.wireNames);
  const namesakeOf = findNamesakes(known.formerHolders);
  const operations: Operation[] = [];
  for (const unsettled of named) {
    yield;
    const current = before.get(unsettled.objectGuid);
    const state = stateOf(unsettled, directory.lockoutSeconds, now);
    // Of a hundred thousand, each a second time only where it differs.
    const person = state === unsettled.state ? unsettled : { ...unsettled, state };
    next.set(person.objectGuid, person);
    if (!current) {
      operations.push({ kind: 'create-person', person, namesake: namesakeOf(person) });
      continue;
    }
    const changes = differences(current, person, personFields);
    if (changes.length > 0) {
      operations.push({
        kind: 'update-person',
        person,
        from: current.state,
        changes,
        cut: cutOfChange(current, person),
        reversible: reversible.has(person.objectGuid),
        newPasswordAt: newPasswordAt(current, person),
      });
    }
  }
  return { operations, rows: living(before, next), held };
}

function nextPerson(
  { directory, alone, newId }: PlanInput,
  facts: PersonFacts,
  current: KnownPerson | undefined,
  inScope: boolean,
): KnownPerson {
  const { groupGuids: _, ...attributes } = facts;
  const { id, wireName, cutAt, ownLockoutSeconds } = current ?? { id: newId('p'), wireName: '', cutAt: null };
  return {
    ...attributes,
    ...(current ? mergeState(current, facts, alone) : {}),
    id,
    wireName,
    cutAt,
    ownLockoutSeconds,
    directoryId: directory.id,
    deletedAt: null,
    outOfScope: !inScope,
    state: 'enabled',
  };
}

function findNamesakes(formerHolders: readonly FormerHolder[]): (person: KnownPerson) => FormerHolder | null {
  const byName = new Map(
    formerHolders.flatMap((former) => [[former.wireName, former] as const, [former.samAccountName.toLowerCase(), former] as const]),
  );
  return ({ wireName, samAccountName }) => byName.get(wireName) ?? byName.get(samAccountName.toLowerCase()) ?? null;
}

function newPasswordAt({ passwordSetAt: before }: KnownPerson, { passwordSetAt: now }: KnownPerson): Date | null {
  return before !== null && now !== null && now > before ? now : null;
}

/** The dead carry their last name on, but claim none: a new account under it is another person. */
function withWireNames(prefix: string, people: readonly KnownPerson[], carriers: ReadonlyMap<string, string>): KnownPerson[] {
  const claims: Claim[] = [];
  const wanted = new Map<string, string | null>();
  for (const { id, objectGuid, upn, deletedAt } of people) {
    if (deletedAt === null) claims.push({ personId: id, objectGuid, upn });
    wanted.set(id, deletedAt === null ? readableName(prefix, upn) : null);
  }
  const staying = new Map<string, string>();
  for (const [name, id] of carriers) if (!wanted.has(id) || wanted.get(id) === name) staying.set(name, id);
  const names = assignWireNames(prefix, claims, staying);
  return people.map((person) => {
    const wireName = names.get(person.id) ?? person.wireName;
    return wireName === person.wireName ? person : { ...person, wireName };
  });
}

function stateOf(person: KnownPerson, lockoutSeconds: number | null, now: Date): AccountState {
  return accountState({ ...person, deleted: person.deletedAt !== null, cut: person.cutAt !== null }, lockoutSeconds, now);
}

/** A lock and the hours may end by themselves and have cut already; a harder reason after them cuts again, for good. */
export function cutOf(from: AccountState, to: AccountState): AccountState | null {
  return to !== from && to !== 'enabled' && (from === 'enabled' || passes(from)) ? to : null;
}

/** Off and on again between two looks has taken everything away as well: what ends with a disable does not rise again with an enable. */
function cutOfChange(before: KnownPerson, after: KnownPerson): AccountState | null {
  const cut = cutOf(before.state, after.state);
  if (cut !== null && !passes(cut)) return cut;
  const held = before.state === 'enabled' || passes(before.state);
  return held && wasOffMeanwhile(before, after) ? 'disabled' : cut;
}

/** Ends by the clock alone. What somebody holds lives on, and is refused meanwhile. */
export function passes(state: AccountState): boolean {
  return state === 'locked' || state === 'outside-hours';
}

export function isInScope(dn: string, scopeDns: readonly string[]): boolean {
  return scopeDns.length === 0 || scopeDns.some((scope) => isWithin(dn, scope));
}

// ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function* planGroups({ directory, known, observation, now, newId }: PlanInput, guard: Guard): Steps<Planned<KnownGroup>> {
  const before = new Map(known.groups.map((group) => [group.objectGuid, group]));
  const outside = new Set(observation.outside);
  const next = new Map<string, KnownGroup>();
  const operations: Operation[] = [];
  for (const { memberGuids: _, foreignSids: __, groupGuids: ___, ...attributes } of observation.groups) {
    yield;
    if (outside.has(attributes.objectGuid)) continue;
    const current = before.get(attributes.objectGuid);
    const group = { ...attributes, id: current?.id ?? newId('g'), directoryId: directory.id, deletedAt: null };
    next.set(group.objectGuid, group);
    const changes = current ? differences(current, group, groupFields) : [];
    if (!current) operations.push({ kind: 'create-group', group });
    else if (changes.length > 0) operations.push({ kind: 'update-group', group, changes });
  }
  const removals = removalsOf(observation, known.groups, directory.id);
  for (const { objectGuid, directoryId, deletedAt } of known.groups)
    if (deletedAt === null && directoryId === directory.id && outside.has(objectGuid)) removals.set(objectGuid, 'out-of-scope');
  const missing = [...removals].flatMap(([guid, why]) => (why === 'tombstone' ? [] : (before.get(guid) ?? [])));
  const affected = () => missing.map(({ id, name }) => ({ id, name }));
  const protectedOnes = missing.filter(({ id }) => known.protectedGroups.has(id)).length;
  const held = guard.hold('groups', missing.length, known.liveGroups, affected, protectedOnes);
  for (const [guid, why] of removals) {
    const current = before.get(guid);
    if (!current || (held && why !== 'tombstone')) continue;
    const group = { ...current, deletedAt: now };
    next.set(guid, group);
    operations.push({ kind: 'delete-group', group, why });
  }
  return { operations, rows: living(before, next), held };
}

// ── memberships ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

function* planMemberships(
  { directory, known, observation }: PlanInput,
  guard: Guard,
  people: ReadonlyMap<string, KnownPerson>,
  groups: ReadonlyMap<string, KnownGroup>,
): Steps<{ operations: Operation[]; held: Held | null }> {
  const book = openEdgeBook();
  for (const edge of known.edges) {
    book.know(edge);
    yield;
  }
  const groupBySid = new Map<string, string>();
  for (const { sid, id } of groups.values()) if (sid) groupBySid.set(sid, id);
  const memberId = (guid: string) => people.get(guid)?.id ?? groups.get(guid)?.id;
  const wasAlive = new Set<string>();
  for (const rows of [known.people, known.groups])
    for (const { objectGuid, deletedAt } of rows) if (deletedAt === null) wasAlive.add(objectGuid);

  for (const { objectGuid, memberGuids } of observation.groups) {
    yield;
    const group = groups.get(objectGuid);
    if (group && memberGuids)
      book.replace(
        group.id,
        memberGuids.flatMap((guid) => memberId(guid) ?? []),
      );
  }
  // Whoever newly comes in was a member of groups before we knew them: those links are no change that would be told.
  for (const rows of [observation.people, observation.groups]) {
    for (const { objectGuid, groupGuids } of rows) {
      if (!groupGuids || wasAlive.has(objectGuid)) continue;
      const member = memberId(objectGuid);
      if (!member) continue;
      for (const guid of groupGuids) {
        const group = groups.get(guid);
        if (group?.directoryId === directory.id) book.add(group.id, member);
      }
    }
  }
  for (const { groupGuid, memberGuid, present, foreignSid } of observation.links) {
    if (foreignSid) continue;
    const group = groups.get(groupGuid);
    const member = memberId(memberGuid);
    if (!group || !member) continue;
    if (present) book.add(group.id, member);
    else book.remove(group.id, member);
  }
  for (const { objectGuid } of observation.people) {
    yield;
    const person = people.get(objectGuid);
    if (!person || !directory.domainSid || person.primaryGroupRid === null) continue;
    book.setPrimary(person.id, groupBySid.get(sidOfRid(directory.domainSid, person.primaryGroupRid)) ?? null);
  }

  const living = new Set<string>();
  for (const rows of [people, groups]) for (const { id } of rows.values()) living.add(id);
  const dead = new Set<string>();
  for (const rows of [known.people, known.groups]) for (const { id } of rows) if (!living.has(id)) dead.add(id);
  book.forget(dead);

  const joining: Operation[] = [];
  const removed: KnownEdge[] = [];
  for (const { groupId, joined, joinedAsPrimary, left } of book.differences()) {
    if (joined.length > 0) joining.push({ kind: 'add-members', groupId, memberIds: joined, isPrimary: false });
    if (joinedAsPrimary.length > 0) joining.push({ kind: 'add-members', groupId, memberIds: joinedAsPrimary, isPrimary: true });
    for (const edge of left) removed.push(edge);
    yield;
  }
  const ofTheDead = removed.filter((edge) => dead.has(edge.groupId) || dead.has(edge.memberId));
  const byAbsence = observation.kind === 'complete' ? removed.length - ofTheDead.length : 0;
  const affected = () => losers(removed, new Map(known.groups.map(({ id, name }) => [id, name])));
  const held = guard.hold('memberships', byAbsence, known.edges.length, affected);
  const operations: Operation[] = (held ? ofTheDead : removed).map((edge) => ({ kind: 'remove-member', ...edge }));
  for (const operation of joining) operations.push(operation);
  return { operations, held };
}

/** Which groups would lose how many members, the worst first. */
function losers(edges: readonly KnownEdge[], names: ReadonlyMap<string, string>): Affected[] {
  const lost = new Map<string, number>();
  for (const { groupId } of edges) lost.set(groupId, (lost.get(groupId) ?? 0) + 1);
  return [...lost].sort(([, one], [, other]) => other - one).map(([id, members]) => ({ id, name: names.get(id) ?? id, members }));
}

// ── what rows have in common ─────────────────────────────────────────────────────────────────────────────────────────────────

const personFields = [
  'directoryId',
  'sid',
  'dn',
  'samAccountName',
  'upn',
  'wireName',
  'displayName',
  'mail',
  'title',
  'department',
  'userAccountControl',
  'primaryGroupRid',
  'accountExpiresAt',
  'lockoutAt',
  'logonHours',
  'passwordSetAt',
  'mustChangePassword',
  'deletedAt',
  'outOfScope',
  'state',
  'stamps',
] as const satisfies readonly (keyof KnownPerson)[];

const groupFields = [
  'directoryId',
  'sid',
  'dn',
  'samAccountName',
  'name',
  'description',
  'groupType',
  'security',
  'deletedAt',
] as const satisfies readonly (keyof KnownGroup)[];

function differences<Row, Field extends keyof Row & string>(from: Row, to: Row, fields: readonly Field[]): FieldChange[] {
  return fields.filter((field) => !isSame(from[field], to[field])).map((field) => ({ field, from: from[field], to: to[field] }));
}

export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one instanceof Date || other instanceof Date)
    return one instanceof Date && other instanceof Date && one.getTime() === other.getTime();
  if (typeof one === 'object' && typeof other === 'object' && one !== null && other !== null) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((name) => isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]));
  }
  return false;
}

/** GUIDs that are no more, and how we know. In a complete read absence counts, but only for rows of this directory. */
function removalsOf(
  observation: Observation,
  rows: readonly { readonly objectGuid: string; readonly directoryId: string; readonly deletedAt: Date | null }[],
  directoryId: string,
): Map<string, RemovalReason> {
  const seen = new Set(observation.outside);
  for (const { objectGuid } of observation.people) seen.add(objectGuid);
  for (const { objectGuid } of observation.groups) seen.add(objectGuid);
  const gone = new Map(observation.gone.map(({ objectGuid, evidence }) => [objectGuid, evidence]));
  const removals = new Map<string, RemovalReason>();
  for (const { objectGuid, directoryId: home, deletedAt } of rows) {
    if (deletedAt !== null || home !== directoryId || seen.has(objectGuid)) continue;
    const evidence = gone.get(objectGuid);
    if (evidence) removals.set(objectGuid, evidence);
    else if (observation.kind === 'complete') removals.set(objectGuid, 'absent');
  }
  return removals;
}

function living<Row extends { readonly objectGuid: string; readonly deletedAt: Date | null }>(
  before: ReadonlyMap<string, Row>,
  next: ReadonlyMap<string, Row>,
): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  for (const [guid, row] of before) if (!next.has(guid) && row.deletedAt === null) rows.set(guid, row);
  for (const [guid, row] of next) if (row.deletedAt === null) rows.set(guid, row);
  return rows;
}
