/** The lists of people and groups as files: the same search, the same filter, the same readers, and every row instead of a page. */
import { type CsvColumns, csv, csvOf } from '#lib/api/csv.ts';
import { operation } from '#lib/api/operation.ts';
import { groupFacts } from './data.ts';
import { listGroups, listMembers, listPeople } from './list-data.ts';
import { type GroupRow, groupMembersExportInput, groupsExportInput, peopleExportInput } from './schema.ts';
import { grantsByGroup, groupView, noSuchGroup, pathFromPerson, personView, stateNow } from './views.ts';

/** More than any one spreadsheet opens. */
const exportedMax = 1_000_000;
const everything = { offset: 0, limit: exportedMax };

const personColumns: CsvColumns<ReturnType<typeof personView>> = [
  ['id', ({ id }) => id],
  ['name', ({ displayName }) => displayName],
  ['upn', ({ upn }) => upn ?? ''],
  ['account', ({ samAccountName }) => samAccountName],
  ['mail', ({ mail }) => mail ?? ''],
  ['title', ({ title }) => title ?? ''],
  ['department', ({ department }) => department ?? ''],
  ['state', ({ state }) => state],
  ['since', ({ stateSince }) => stateSince.toISOString()],
];

export const peopleExport = operation({
  id: 'people.export',
  method: 'GET',
  path: '/people.csv',
  summary: 'The people that a search finds, as CSV',
  allow: 'auditor',
  input: peopleExportInput,
  output: csv,
  media: { type: 'text/csv', filename: 'gatehouse-people.csv' },
  async run({ db, world, now }, _viewer, query) {
    const { items } = await listPeople(db, { ...query, ...everything });
    return csvOf(
      personColumns,
      items.map((row) => personView(world, row, now)),
    );
  },
});

const groupColumns: CsvColumns<GroupRow> = [
  ['id', ({ id }) => id],
  ['name', ({ name }) => name],
  ['account', ({ samAccountName }) => samAccountName],
  ['description', ({ description }) => description ?? ''],
  ['carries_rights', ({ carries }) => String(carries)],
  ['direct_members', ({ directMembers }) => String(directMembers)],
  ['people_nested', ({ people }) => String(people)],
  ['grants', ({ grants }) => String(grants)],
];

export const groupsExport = operation({
  id: 'groups.export',
  method: 'GET',
  path: '/groups.csv',
  summary: 'The groups that a search finds, as CSV',
  allow: 'auditor',
  input: groupsExportInput,
  output: csv,
  media: { type: 'text/csv', filename: 'gatehouse-groups.csv' },
  async run({ db, world, now }, _viewer, { search, granted }) {
    const grants = grantsByGroup(world, now);
    const { items } = await listGroups(db, { search, ids: granted ? [...grants.keys()] : undefined, ...everything });
    return csvOf(
      groupColumns,
      items.map((row) => groupView(world, row, grants)),
    );
  },
});

type Member = Awaited<ReturnType<typeof listMembers>>['items'][number] & { readonly state: string; readonly through: string };

const memberColumns: CsvColumns<Member> = [
  ['kind', ({ kind }) => kind],
  ['id', ({ id }) => id],
  ['name', ({ name }) => name],
  ['detail', ({ detail }) => detail ?? ''],
  ['state', ({ state }) => state],
  ['direct', ({ direct }) => String(direct)],
  ['primary', ({ primary }) => String(primary)],
  ['through', ({ through }) => through],
];

export const groupMembersExport = operation({
  id: 'groups.members.export',
  method: 'GET',
  path: '/groups/{id}/members.csv',
  summary: 'Members of a group as CSV: direct ones, or all its people',
  allow: 'auditor',
  input: groupMembersExportInput,
  output: csv,
  media: { type: 'text/csv', filename: 'gatehouse-members.csv' },
  async run({ db, world, now }, _viewer, { id, search, nested }) {
    if (!(await groupFacts(db, id))) throw noSuchGroup();
    const { items } = await listMembers(db, { groupId: id, nestedPeople: nested ? [...world.membersOf(id)] : null, search, ...everything });
    return csvOf(
      memberColumns,
      items.map((member) => ({
        ...member,
        state: member.kind === 'person' ? stateNow(world, member.id, 'deleted', now) : '',
        through: member.direct ? '' : throughWhich(pathFromPerson(world, member.id, id)),
      })),
    );
  },
});

/** The groups between the two, as the group's page says them. */
function throughWhich(path: ReturnType<typeof pathFromPerson>): string {
  return path
    .slice(0, -1)
    .map(({ name }) => name)
    .join(' in ');
}

export const operations = [peopleExport, groupsExport, groupMembersExport];
