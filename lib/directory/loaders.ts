/**
 * People, groups and directories as the portal reads them. Lists are paged in Postgres; whoever is live, in which groups and by which way
 * comes from the world, the same that the door decides by, so that a screen never says anything else than what a request would meet.
 */
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { auditEventsOf } from '#lib/audit/data.ts';
import { auditView } from '#lib/audit/loaders.ts';
import { explain } from '#lib/entitlement/loaders.ts';
import { receipts, replicas } from '#lib/revocation/data.ts';
import { liveDoors, openStreams, receiptView } from '#lib/revocation/views.ts';
import { liveSessionsOf } from '#lib/session/data.ts';
import {
  credentialsOfPerson,
  directoriesWithControllers,
  edgesUpFrom,
  groupFacts,
  groupsAbove,
  personFacts,
  unknownMembers,
} from './people/data.ts';
import { listGroups, listMembers, listPeople, nearestPeople } from './people/list-data.ts';
import {
  directoriesOutput,
  groupDetail,
  groupMembers,
  groupMembersInput,
  groupsListInput,
  groupsPage,
  idInput,
  peopleListInput,
  peoplePage,
  personDetail,
  pickedGroups,
  pickedPeople,
  pickerInput,
} from './people/schema.ts';
import {
  directoryView,
  grantsByGroup,
  grantsOfGroup,
  groupsOfPerson,
  groupView,
  noSuchGroup,
  noSuchPerson,
  pathFromPerson,
  personView,
  stateNow,
} from './people/views.ts';
import { requireMayPick } from './who-may-pick.ts';

const receiptsShown = 20;
const historyShown = 30;

export const peopleList = operation({
  id: 'people.list',
  method: 'GET',
  path: '/people',
  summary: 'People of the directory, searched, filtered and paged',
  allow: 'auditor',
  input: peopleListInput,
  output: peoplePage,
  async run({ db, world, now }, _viewer, { offset, limit, ...query }) {
    const { items, total } = await listPeople(db, { ...query, offset, limit });
    return { items: items.map((row) => personView(world, row, now)), total, offset, limit };
  },
});

export const peopleSearch = operation({
  id: 'people.search',
  method: 'GET',
  path: '/people/search',
  summary: 'The few people nearest to what was typed, for choosing one',
  allow: 'person',
  input: pickerInput,
  output: pickedPeople,
  async run({ db, world, now }, viewer, { search, limit }) {
    requireMayPick(world, viewer, now);
    const rows = await nearestPeople(db, search, limit);
    return { items: rows.map((row) => personView(world, row, now)) };
  },
});

export const peopleGet = operation({
  id: 'people.get',
  method: 'GET',
  path: '/people/{id}',
  summary: 'A person: account state, groups and the way into them, access with its reason, credentials, open streams, cut-offs',
  allow: 'auditor',
  input: idInput,
  output: personDetail,
  async run(context, viewer, { id }) {
    const { db, world, now } = context;
    const facts = await personFacts(db, id);
    if (!facts) throw noSuchPerson();
    const [credentials, sessions, doors, cuts, history, explanation] = await Promise.all([
      credentialsOfPerson(db, id),
      liveSessionsOf(db, id),
      replicas(db),
      receipts(db, { personId: id, limit: receiptsShown }),
      auditEventsOf(db, { subjectId: id, noun: 'person', search: '', limit: historyShown }),
      world.person(id) ? explain.run(context, viewer, { personId: id }) : null,
    ]);
    return {
      ...facts,
      ...personView(world, facts, now),
      directory: { id: facts.directoryId, domain: facts.domain, freshAt: facts.directoryFreshAt },
      live: world.standing(id, now) === 'live',
      groups: groupsOfPerson(world, id, now),
      explanation,
      credentials: credentials.map(({ clusterIds, ...credential }) => ({
        ...credential,
        clusters: clusterIds?.map((of) => ({ id: of, name: world.cluster(of)?.name ?? of })) ?? null,
      })),
      sessions,
      streams: openStreams(world, doors).filter(({ person }) => person.id === id),
      receipts: cuts.map((row) => receiptView(world, row, liveDoors(doors))),
      history: history.map((row) => auditView(world, row)),
    };
  },
});

export const groupsList = operation({
  id: 'groups.list',
  method: 'GET',
  path: '/groups',
  summary: 'Groups of the directory, searched and paged, with how many people each holds and what it carries',
  allow: 'auditor',
  input: groupsListInput,
  output: groupsPage,
  async run({ db, world, now }, _viewer, { search, granted, offset, limit }) {
    const grants = grantsByGroup(world, now);
    const { items, total } = await listGroups(db, { search, ids: granted ? [...grants.keys()] : undefined, offset, limit });
    return { items: items.map((row) => groupView(world, row, grants)), total, offset, limit };
  },
});

export const groupsSearch = operation({
  id: 'groups.search',
  method: 'GET',
  path: '/groups/search',
  summary: 'The few groups nearest to what was typed, for choosing one',
  allow: 'person',
  input: pickerInput,
  output: pickedGroups,
  async run(context, viewer, input) {
    requireMayPick(context.world, viewer, context.now);
    return { items: await nearestGroups(context, input) };
  },
});

export async function nearestGroups(
  { db, world, now }: Pick<PortalContext, 'db' | 'world' | 'now'>,
  { search, limit }: { search: string; limit: number },
) {
  const { items } = await listGroups(db, { search, offset: 0, limit });
  const grants = grantsByGroup(world, now);
  return items.map((row) => groupView(world, row, grants));
}

export const groupsGet = operation({
  id: 'groups.get',
  method: 'GET',
  path: '/groups/{id}',
  summary: 'A group: how many it holds, what it is nested in, and what somebody who joins would gain',
  allow: 'auditor',
  input: idInput,
  output: groupDetail,
  async run({ db, world, now }, _viewer, { id }) {
    const facts = await groupFacts(db, id);
    if (!facts) throw noSuchGroup();
    const [memberOf, edges, unknown] = await Promise.all([groupsAbove(db, id), edgesUpFrom(db, id), unknownMembers(db, id)]);
    const carries = (groupId: string) => world.group(groupId)?.security === true;
    return {
      ...facts,
      ...groupView(world, facts, grantsByGroup(world, now)),
      directory: { id: facts.directoryId, domain: facts.domain },
      unknownMembers: unknown,
      memberOf,
      grantList: grantsOfGroup(world, id, carries(id) ? edges.filter(({ groupId }) => carries(groupId)) : [], now),
    };
  },
});

export const groupsMembers = operation({
  id: 'groups.members',
  method: 'GET',
  path: '/groups/{id}/members',
  summary: 'Members of a group: direct ones, or all its people with the way in',
  allow: 'auditor',
  input: groupMembersInput,
  output: groupMembers,
  async run({ db, world, now }, _viewer, { id, search, nested, offset, limit }) {
    if (!(await groupFacts(db, id))) throw noSuchGroup();
    const { items, total } = await listMembers(db, {
      groupId: id,
      nestedPeople: nested ? [...world.membersOf(id)] : null,
      search,
      offset,
      limit,
    });
    return {
      items: items.map((member) => ({
        ...member,
        state: member.kind === 'person' ? stateNow(world, member.id, 'deleted', now) : null,
        path: member.kind === 'person' && !member.direct ? pathFromPerson(world, member.id, id) : [],
      })),
      total,
      offset,
      limit,
    };
  },
});

export const directoriesList = operation({
  id: 'directories.list',
  method: 'GET',
  path: '/directories',
  summary: 'The connected directories, their domain controllers and how fresh each is',
  allow: 'auditor',
  input: none,
  output: directoriesOutput,
  async run({ db, world, now }) {
    const rows = await directoriesWithControllers(db);
    return { directories: rows.map((row) => directoryView(world, row, now)) };
  },
});

export const operations = [peopleList, peopleSearch, peopleGet, groupsList, groupsSearch, groupsGet, groupsMembers, directoriesList];
