/** From rows and the world to what screens of people and groups show. Pure; the state shown is the one a request would meet right now. */
import { scopeInWords } from '#lib/entitlement/scope.ts';
import type { World, WorldBinding } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import type { ChangeMode } from '../follow/changes.ts';
import type { Held } from '../plan/shrink-guard.ts';
import { missingRights } from '../settings/rights.ts';
import type { DirectorySettings } from '../types.ts';
import type { GroupEdge } from './data.ts';
import type { GroupListRow, PersonListRow } from './list-data.ts';
import type { GroupDetail, GroupRow, PersonDetail, PersonRow } from './schema.ts';
import { personStates } from './schema.ts';

type State = PersonRow['state'];

export function stateNow(world: World, personId: string, written: string, now: Date): State {
  const standing = world.standing(personId, now);
  if (standing === 'live') return 'enabled';
  if (standing.reason !== 'unknown') return standing.reason;
  return personStates.find((state) => state === written) ?? 'deleted';
}

export function personView(world: World, row: PersonListRow, now: Date) {
  const { id, displayName, upn, samAccountName, mail, title, department, stateSince } = row;
  return { id, displayName, upn, samAccountName, mail, title, department, stateSince, state: stateNow(world, id, row.state, now) };
}

export function groupView(world: World, row: GroupListRow, grants: ReadonlyMap<string, readonly WorldBinding[]>): GroupRow {
  const carries = world.group(row.id)?.security ?? row.security;
  return { ...row, carries, people: carries ? world.membersOf(row.id).size : 0, grants: grants.get(row.id)?.length ?? 0 };
}

export function grantsByGroup(world: World, now: Date): Map<string, WorldBinding[]> {
  const grants = new Map<string, WorldBinding[]>();
  for (const binding of world.liveBindings(now)) {
    if (binding.subjectKind !== 'group') continue;
    const ofGroup = grants.get(binding.subjectId) ?? [];
    ofGroup.push(binding);
    grants.set(binding.subjectId, ofGroup);
  }
  return grants;
}

const named = (world: World, groupId: string) => ({ id: groupId, name: world.group(groupId)?.name ?? groupId });

/** Groups that carry grants first, then by name. */
export function groupsOfPerson(world: World, personId: string, now: Date): PersonDetail['groups'] {
  const grants = grantsByGroup(world, now);
  return [...world.groupsOf(personId)]
    .map((groupId) => ({
      ...named(world, groupId),
      path: world.pathTo(personId, groupId).map((id) => named(world, id)),
      grants: grants.get(groupId)?.length ?? 0,
    }))
    .sort((a, b) => b.grants - a.grants || a.name.localeCompare(b.name));
}

export function pathFromPerson(world: World, personId: string, groupId: string) {
  const path = world.pathTo(personId, groupId);
  return path.length > 1 ? path.map((id) => named(world, id)) : [];
}

/** What joining this group brings: its own grants, and those of every group it is nested in, with the way up. */
export function grantsOfGroup(world: World, groupId: string, edges: readonly GroupEdge[], now: Date): GroupDetail['grantList'] {
  const grants = grantsByGroup(world, now);
  return [...waysUp(groupId, edges)].flatMap(([above, way]) =>
    (grants.get(above) ?? []).map(({ id, roleId, scopeId, until }) => ({
      id,
      role: roleNamed(world, roleId),
      scope: scopeWords(world, scopeId),
      until: until === null ? null : new Date(until).toISOString(),
      through: above === groupId ? [] : way.map((step) => named(world, step)),
    })),
  );
}

/** Breadth first, so that each way is a shortest one; a circle of groups ends where it was before. */
function waysUp(groupId: string, edges: readonly GroupEdge[]): Map<string, string[]> {
  const ways = new Map<string, string[]>([[groupId, [groupId]]]);
  for (const [below, way] of ways) {
    for (const edge of edges) if (edge.memberId === below && !ways.has(edge.groupId)) ways.set(edge.groupId, [...way, edge.groupId]);
  }
  return ways;
}

function roleNamed(world: World, roleId: string) {
  const role = world.role(roleId);
  return { id: roleId, name: role?.name ?? roleId, title: role?.title ?? roleId };
}

export function scopeWords(world: World, scopeId: string): string {
  const scope = world.scope(scopeId);
  if (!scope) return scopeId;
  return scopeInWords(scope, { cluster: (id) => world.cluster(id)?.name ?? id, project: (id) => world.project(id)?.title ?? id });
}

type Connection = {
  readonly baseDn: string;
  readonly settings: Partial<DirectorySettings>;
  readonly held: readonly Held[] | null;
  readonly controllers: readonly { readonly freshAt: Date | null; readonly changeMode: ChangeMode | null }[];
};

/** The connection without its secret: the settings column never held one. As fresh as the freshest of its domain controllers. */
export function directoryView<Row extends Connection>(world: World, row: Row, now: Date) {
  const { settings, held, ...facts } = row;
  const fresh = row.controllers.flatMap(({ freshAt }) => (freshAt ? [freshAt.getTime()] : []));
  return {
    ...facts,
    urls: [...(settings.urls ?? [])],
    find: settings.find
      ? { domain: settings.find.domain, site: settings.find.site ?? null, dnsServers: [...(settings.find.dnsServers ?? [])] }
      : null,
    bindDn: settings.bindDn ?? null,
    scopeDns: [...(settings.scopeDns ?? [])],
    peopleFilter: settings.peopleFilter ?? null,
    groupFilter: settings.groupFilter ?? null,
    distributionGroups: settings.distributionGroups ?? ('shown' as const),
    sentinelPerson: settings.sentinelPerson?.name ?? null,
    sentinelGroup: settings.sentinelGroup?.name ?? null,
    missingRights: missingRights(worstMode(row.controllers), row.baseDn, settings.account ?? null),
    held: held?.map((removals) => ({ ...removals, whom: byGrants(world, removals.whom, now) })) ?? null,
    freshAt: fresh.length > 0 ? new Date(Math.max(...fresh)) : null,
  };
}

/** A right is given to an account on the domain, but each domain controller shows by itself what it allows. */
function worstMode(controllers: Connection['controllers']): ChangeMode | null {
  const modes = controllers.flatMap(({ changeMode }) => changeMode ?? []);
  return (['usn', 'dirsync-whole-links', 'dirsync', 'dirsync-with-tombstones'] as const).find((mode) => modes.includes(mode)) ?? null;
}

/** Those whose going would take access away stand first: they are what an admin decides about. */
function byGrants(world: World, whom: Held['whom'], now: Date) {
  const ofGroups = grantsByGroup(world, now);
  const grantsOf = (id: string) => (id.startsWith('g-') ? (ofGroups.get(id)?.length ?? 0) : world.bindingsOf(id, now).length);
  return whom.map((one) => ({ ...one, grants: grantsOf(one.id) })).sort((a, b) => b.grants - a.grants);
}

export function noSuchPerson() {
  return fault('not-found', 'directory.no-such-person', 'There is no such person here.');
}

export function noSuchGroup() {
  return fault('not-found', 'directory.no-such-group', 'There is no such group here.');
}
