/**
 * Lists of people and groups, a page of a hundred thousand while somebody types. Searched in a column of folded text: by trigrams, and words
 * shorter than these by looking at every row, of which that column is one of the first.
 *
 * There are two ways to a page in order of names, and nobody knows beforehand which is the shorter: to walk the order and look at each, which
 * soon fills the page where many match; or to find all that match and put these in order, which takes long only where many do. So some are
 * walked past first.
 */
import { type Conditions, createConditions, likeText, likeWords } from '#lib/db/conditions.ts';
import type { Database } from '#lib/db/database.ts';

/** By the very rule by which the column was folded: accents and case make no difference, on either side. */
const finds = (pattern: string) => `search_text LIKE fold_text(${pattern})`;

function addWords(conditions: Conditions, words: readonly string[]): void {
  for (const word of words) conditions.add(finds(conditions.value(word)));
}

interface Range {
  readonly offset: number;
  readonly limit: number;
}

interface Page<Row> {
  readonly items: Row[];
  readonly total: number;
}

// ── a page of people ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Order {
  readonly by: string;
  /** The columns that tell it. */
  readonly of: string;
}

const orders = {
  name: { by: 'sort_name, id', reversed: 'sort_name DESC, id DESC', of: 'id, sort_name' },
  state: { by: 'state, sort_name, id', reversed: 'state DESC, sort_name, id', of: 'id, sort_name, state' },
  since: { by: 'state_since DESC, id', reversed: 'state_since, id', of: 'id, state_since' },
} as const;

function orderOf({ sort, reverse = false }: Pick<PeopleQuery, 'sort' | 'reverse'>): Order {
  const { by, reversed, of } = orders[sort];
  return { by: reverse ? reversed : by, of };
}

const everybody = 'person';
/** So many names are looked at in their order before all that match are looked for: a millisecond or two. */
const walkedPast = 1_000;
const firstIn = ({ by }: Order) => `(SELECT * FROM person WHERE state <> 'deleted' ORDER BY ${by} LIMIT ${walkedPast}) AS person`;

/** Of a row no more is carried along than tells its order. */
const pageIn = (source: string, where: string, order: Order, range: string) =>
  `page AS (SELECT id, row_number() OVER (ORDER BY ${order.by}) AS place FROM (SELECT ${order.of} FROM ${source} ${where} ORDER BY ${order.by} ${range}) AS shown)`;

/** Columns of `person` that a list shows; what they need of values is given a placeholder. */
type Columns = (value: Conditions['value']) => string;

/** `source` is gone through in the order until the page is full. */
async function peopleIn<Row>(
  db: Database,
  source: string,
  conditions: Conditions,
  order: Order,
  page: Range,
  columns: Columns,
): Promise<Row[]> {
  const { values, range, shown } = ofPage(conditions, page, columns);
  const { rows } = await db.sql.query<Row & object>(
    `WITH ${pageIn(source, conditions.where(), order, range)} SELECT ${shown} FROM page JOIN person USING (id) ORDER BY place`,
    values,
  );
  return rows;
}

/** All that is found is put in order, and counted by the way. */
async function pageOfFound<Row>(db: Database, conditions: Conditions, order: Order, page: Range, columns: Columns): Promise<Page<Row>> {
  const { values, range, shown } = ofPage(conditions, page, columns);
  const { rows } = await db.sql.query<Row & { total: number; place: string | null }>(
    `WITH found AS MATERIALIZED (SELECT ${order.of} FROM person ${conditions.where()}), ${pageIn('found', '', order, range)}
     SELECT total, shown.* FROM (SELECT count(*)::int AS total FROM found) AS counted
     LEFT JOIN (SELECT place, ${shown} FROM page JOIN person USING (id)) AS shown ON true ORDER BY place`,
    values,
  );
  const items = rows.filter(({ place }) => place !== null).map(({ total: _, place: __, ...row }) => row as unknown as Row);
  return { items, total: rows[0]?.total ?? 0 };
}

/** The values of the conditions stay their own: whoever counts has no use for those of a page. */
function ofPage({ values: ofConditions }: Conditions, { limit, offset }: Range, columns: Columns) {
  const values = [...ofConditions];
  const value = (one: unknown) => `$${values.push(one)}`;
  return { values, range: `LIMIT ${value(limit)} OFFSET ${value(offset)}`, shown: columns(value) };
}

async function countPeople(db: Database, conditions: Conditions): Promise<number> {
  const { rows } = await db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM person ${conditions.where()}`, [
    ...conditions.values,
  ]);
  return rows[0]?.total ?? 0;
}

async function pageByName<Row>(
  db: Database,
  conditions: Conditions,
  page: Range,
  columns: Columns,
  count = () => countPeople(db, conditions),
  order: Order = orders.name,
): Promise<Page<Row>> {
  const items = await peopleIn<Row>(db, firstIn(order), conditions, order, page, columns);
  if (items.length < page.limit) return pageOfFound(db, conditions, order, page, columns);
  return { items, total: await count() };
}

// ── the list of people ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type PersonListRow = {
  readonly id: string;
  readonly displayName: string;
  readonly upn: string | null;
  readonly samAccountName: string;
  readonly mail: string | null;
  readonly title: string | null;
  readonly department: string | null;
  readonly state: string;
  readonly stateSince: Date;
};

const personColumns = () =>
  `id, display_name AS "displayName", upn, sam_account_name AS "samAccountName", mail, title, department, state, state_since AS "stateSince"`;

export type PeopleQuery = Range & {
  readonly search: string;
  readonly state?: string | undefined;
  readonly sort: keyof typeof orders;
  readonly reverse?: boolean | undefined;
};

export async function listPeople(db: Database, { search, state, sort, reverse, ...page }: PeopleQuery): Promise<Page<PersonListRow>> {
  const conditions = createConditions();
  const words = likeWords(search);
  addWords(conditions, words);
  // Deleted people are shown to whoever asks for them, and not among the rest.
  conditions.add(state ? `state = ${conditions.value(state)}` : `state <> 'deleted'`);
  const order = orderOf({ sort, reverse });
  const isEverybody = words.length === 0 && !state;
  if (sort === 'name' && !isEverybody && state !== 'deleted') return pageByName(db, conditions, page, personColumns, undefined, order);
  if (words.length > 0) return pageOfFound(db, conditions, order, page, personColumns);
  const [total, items] = await Promise.all([
    countPeople(db, conditions),
    peopleIn<PersonListRow>(db, everybody, conditions, order, page, personColumns),
  ]);
  return { items, total };
}

/** For pickers: whoever has that login first, then those of whom a word begins so; deleted people never. */
export async function nearestPeople(db: Database, search: string, limit: number): Promise<PersonListRow[]> {
  const conditions = createConditions();
  conditions.add(`deleted_at IS NULL AND state <> 'deleted'`);
  const words = likeWords(search);
  if (words.length === 0) return peopleIn(db, everybody, conditions, orders.name, { offset: 0, limit }, personColumns);
  addWords(conditions, words);
  const whole = conditions.value(search.trim());
  const [begins, contains] = [conditions.value(`${likeText(search.trim())}%`), conditions.value(`% ${likeText(search.trim())}%`)];
  const nearest = `id = ANY (ARRAY(SELECT id FROM person WHERE lower(sam_account_name) = lower(${whole}))) DESC,
    (${finds(begins)} OR ${finds(contains)}) DESC, sort_name, id`;
  const { rows } = await db.sql.query<PersonListRow>(
    `WITH page AS (SELECT id, row_number() OVER () AS place FROM (SELECT id FROM person ${conditions.where()} ORDER BY ${nearest} LIMIT ${conditions.value(limit)}) AS shown)
     SELECT ${personColumns()} FROM page JOIN person USING (id) ORDER BY place`,
    conditions.values,
  );
  return rows;
}

// ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type GroupListRow = {
  readonly id: string;
  readonly name: string;
  readonly samAccountName: string;
  readonly description: string | null;
  readonly security: boolean;
  readonly directMembers: number;
};

const groupColumns = `id, name, sam_account_name AS "samAccountName", description, security,
  (SELECT count(*)::int FROM membership m WHERE m.group_id = directory_group.id) AS "directMembers"`;

export type GroupsQuery = Range & {
  readonly search: string;
  readonly ids?: readonly string[] | undefined;
};

export async function listGroups(db: Database, { search, ids, offset, limit }: GroupsQuery): Promise<Page<GroupListRow>> {
  const conditions = createConditions();
  conditions.add('deleted_at IS NULL');
  addWords(conditions, likeWords(search));
  if (ids) conditions.add(`id = ANY(${conditions.value(ids)})`);
  const where = conditions.where();
  const counting = db.sql.query<{ total: number }>(`SELECT count(*)::int AS total FROM directory_group ${where}`, [...conditions.values]);
  const starts = conditions.value(`${likeText(search.trim())}%`);
  const range = `LIMIT ${conditions.value(limit)} OFFSET ${conditions.value(offset)}`;
  const reading = db.sql.query<GroupListRow>(
    `WITH page AS (SELECT id, row_number() OVER () AS place FROM (SELECT id FROM directory_group ${where} ORDER BY (name ILIKE ${starts}) DESC, lower(name), id ${range}) AS shown)
     SELECT ${groupColumns} FROM page JOIN directory_group USING (id) ORDER BY place`,
    conditions.values,
  );
  const [counted, { rows }] = await Promise.all([counting, reading]);
  return { items: rows, total: counted.rows[0]?.total ?? 0 };
}

// ── members of a group ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type MemberRow = {
  readonly id: string;
  readonly kind: 'person' | 'group';
  readonly name: string;
  readonly detail: string | null;
  readonly direct: boolean;
  readonly primary: boolean;
};

export type MembersQuery = Range & {
  readonly groupId: string;
  readonly nestedPeople: readonly string[] | null;
  readonly search: string;
};

/** Direct members, groups before people; or, given the closure, all its people. */
export async function listMembers(db: Database, query: MembersQuery): Promise<Page<MemberRow>> {
  const { offset, limit } = query;
  if (query.nestedPeople) return peopleAmongMembers(db, query, { offset, limit });
  const groups = await groupsAmongMembers(db, query);
  const shown = groups.slice(offset, offset + limit);
  const people = await peopleAmongMembers(db, query, { offset: Math.max(0, offset - groups.length), limit: limit - shown.length });
  return { items: [...shown, ...people.items], total: groups.length + people.total };
}

/** Few beside the people: all of them, in order. */
async function groupsAmongMembers(db: Database, { groupId, search }: MembersQuery): Promise<MemberRow[]> {
  const conditions = createConditions();
  conditions.add(`m.group_id = ${conditions.value(groupId)} AND m.member_id LIKE 'g-%' AND deleted_at IS NULL`);
  addWords(conditions, likeWords(search));
  const { rows } = await db.sql.query<MemberRow>(
    `SELECT id, 'group' AS kind, name, description AS detail, true AS direct, false AS primary
     FROM membership m JOIN directory_group ON id = m.member_id ${conditions.where()} ORDER BY lower(name), id`,
    conditions.values,
  );
  return rows;
}

async function peopleAmongMembers(db: Database, { groupId, nestedPeople, search }: MembersQuery, page: Range): Promise<Page<MemberRow>> {
  const conditions = createConditions();
  const words = likeWords(search);
  addWords(conditions, words);
  conditions.add(`state <> 'deleted'`);
  // Ids hold no blank: one text is read much quicker than an array of as many. Within CASE nobody looks them up one by one, or weighs each.
  if (nestedPeople) {
    conditions.add(`CASE WHEN id = ANY (string_to_array(${conditions.value(nestedPeople.join(' '))}, ' ')) THEN true END`);
  } else conditions.add(`EXISTS (SELECT 1 ${membershipsIn(conditions.value(groupId))})`);
  const columns: Columns = (value) => {
    const memberships = membershipsIn(value(groupId));
    return `id, 'person' AS kind, display_name AS name, coalesce(upn, sam_account_name) AS detail,
      EXISTS (SELECT 1 ${memberships}) AS direct, coalesce((SELECT is_primary ${memberships}), false) AS primary`;
  };
  if (words.length > 0 && nestedPeople) return pageOfFound(db, conditions, orders.name, page, columns);
  if (words.length > 0) return pageByName(db, conditions, page, columns);
  return pageByName(db, conditions, page, columns, async () => nestedPeople?.length ?? countMembers(db, groupId));
}

const membershipsIn = (groupId: string) => `FROM membership m WHERE m.group_id = ${groupId} AND m.member_id = person.id`;

/** Who is deleted is nobody's member any more, so that nobody need be looked up for it. */
async function countMembers(db: Database, groupId: string): Promise<number> {
  const { rows } = await db.sql.query<{ total: number }>(
    `SELECT count(*)::int AS total FROM membership WHERE group_id = $1 AND member_id LIKE 'p-%'`,
    [groupId],
  );
  return rows[0]?.total ?? 0;
}
