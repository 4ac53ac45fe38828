/** What a screen asks when somebody types, turns a page or opens a group: the page and how many there are. */
import type { Database } from '#lib/db/database.ts';
import { listGroups, listMembers, listPeople, nearestPeople } from '#lib/directory/people/list-data.ts';
import { median } from '../proxy/measure.ts';

export interface Search {
  readonly typed: string;
  readonly found: number;
  /** Milliseconds, median and worst. */
  readonly list: number;
  readonly worst: number;
  /** Null where it is no list of people. */
  readonly pick: number | null;
}

const words = [
  '',
  'j',
  'jo',
  'er',
  'jose',
  'José',
  'muller',
  'Müller',
  'soren angstrom',
  'anna.novak',
  'corp',
  'crowd.pattern',
  'nobody of this name',
];
const rounds = 7;
const limit = 50;

export async function measureSearch(db: Database): Promise<Search[]> {
  await db.sql.query('VACUUM ANALYZE person, directory_group, membership');
  const found: Search[] = [];
  for (const typed of words) {
    const list = await timed(() => listPeople(db, { search: typed, sort: 'name', offset: 0, limit }));
    const pick = await timed(async () => ({ total: (await nearestPeople(db, typed, 20)).length }));
    found.push({ ...list, typed, pick: pick.list });
  }
  return [...found, ...(await measureOtherLists(db, found[0]?.found ?? 0))];
}

async function measureOtherLists(db: Database, people: number): Promise<Search[]> {
  const { rows } = await db.sql.query<{ groupId: string }>(
    `SELECT group_id AS "groupId" FROM membership WHERE NOT is_primary GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  const groupId = rows[0]?.groupId ?? '';
  const nestedPeople = await peopleBelow(db, groupId);
  const lists: readonly (readonly [typed: string, ask: () => Promise<{ total: number }>])[] = [
    ['(the last page)', () => listPeople(db, { search: '', sort: 'name', offset: people - limit, limit })],
    ['(groups)', () => listGroups(db, { search: '', offset: 0, limit })],
    ['(groups: cr)', () => listGroups(db, { search: 'cr', offset: 0, limit })],
    ...['', 'jo', 'muller'].flatMap((search) => [
      [`(members: ${search})`, () => listMembers(db, { groupId, nestedPeople: null, search, offset: 0, limit })] as const,
      [`(members, nested: ${search})`, () => listMembers(db, { groupId, nestedPeople, search, offset: 0, limit })] as const,
    ]),
  ];
  const found: Search[] = [];
  for (const [typed, ask] of lists) found.push({ ...(await timed(ask)), typed, pick: null });
  return found;
}

async function timed(ask: () => Promise<{ total: number }>) {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    ({ total: found } = await ask());
    times.push(performance.now() - began);
  }
  return { found, list: median(times), worst: Math.max(...times) };
}

async function peopleBelow(db: Database, groupId: string): Promise<string[]> {
  const { rows } = await db.sql.query<{ id: string }>(
    `WITH RECURSIVE below AS (SELECT member_id AS id FROM membership WHERE group_id = $1 UNION SELECT m.member_id FROM membership m JOIN below b ON m.group_id = b.id)
     SELECT id FROM below WHERE id LIKE 'p-%'`,
    [groupId],
  );
  return rows.map(({ id }) => id);
}
