/** Where our tables and the model differ, in lines that a reader can follow. */
import type { Database } from '#lib/db/database.ts';
import type { World } from '#lib/entitlement/types.ts';
import { groupDn, groupsOf, linksOf, livingGroups, livingPeople, type Model, personDn, stateOf } from './model.ts';

export async function differences(db: Database, world: World, model: Model, domain: string): Promise<string[]> {
  const found: string[] = [];
  const keyOf = new Map([...model.people.values(), ...model.groups.values()].map(({ guid, key }) => [guid, key]));

  const people = await db.sql.query<Record<string, string | boolean | null> & { id: string; guid: string }>(
    `SELECT id, object_guid AS guid, dn, sam_account_name AS sam, upn, display_name AS "displayName", wire_name AS "wireName", state
     FROM person WHERE deleted_at IS NULL AND object_guid = ANY($1::uuid[])`,
    [[...model.people.values()].map(({ guid }) => guid)],
  );
  const rowOf = new Map(people.rows.map((row) => [keyOf.get(row.guid) ?? '', row]));
  for (const person of model.people.values()) {
    const row = rowOf.get(person.key);
    const state = person.deleted ? 'deleted' : stateOf(model, person, Date.now());
    if (person.deleted && row) found.push(`${person.key} is deleted and has a living row, ${row.state}`);
    // Whom nobody saw while they were in scope has no row, and need not have one.
    if (person.deleted || (!row && state === 'out-of-scope')) continue;
    const upn = `${person.name}@${domain}`;
    const wanted = {
      dn: personDn(model, person),
      sam: person.name,
      upn,
      displayName: person.name,
      wireName: `gatehouse:${upn}`,
      state,
    };
    for (const [field, value] of Object.entries(wanted))
      if (row?.[field] !== value) found.push(`${person.key} ${field}: ${row?.[field]}, but it is ${value}`);
  }

  const groups = await db.sql.query<Record<string, string | boolean> & { guid: string }>(
    `SELECT object_guid AS guid, dn, sam_account_name AS sam, name, security FROM directory_group WHERE deleted_at IS NULL AND object_guid = ANY($1::uuid[])`,
    [[...model.groups.values()].map(({ guid }) => guid)],
  );
  const groupRowOf = new Map(groups.rows.map((row) => [keyOf.get(row.guid) ?? '', row]));
  for (const group of model.groups.values()) {
    const row = groupRowOf.get(group.key);
    if (group.deleted && row) found.push(`${group.key} is deleted and has a living row`);
    if (group.deleted) continue;
    const wanted = { dn: groupDn(model, group), sam: group.name, name: group.name, security: group.security };
    for (const [field, value] of Object.entries(wanted))
      if (row?.[field] !== value) found.push(`${group.key} ${field}: ${row?.[field]}, but it is ${value}`);
  }

  const links = await db.sql.query<{ group: string; member: string; primary: boolean }>(
    `SELECT g.object_guid AS "group", coalesce(p.object_guid, i.object_guid) AS member, m.is_primary AS "primary" FROM membership m
     JOIN directory_group g ON g.id = m.group_id LEFT JOIN person p ON p.id = m.member_id LEFT JOIN directory_group i ON i.id = m.member_id
     WHERE g.object_guid = ANY($1::uuid[])`,
    [[...model.groups.values()].map(({ guid }) => guid)],
  );
  const have = new Set(
    links.rows.map(({ group, member, primary }) => `${keyOf.get(group)} ∋ ${keyOf.get(member) ?? member}${primary ? ' primary' : ''}`),
  );
  const isKnown = (member: string) => rowOf.has(member.split(' ')[0] ?? '') || groupRowOf.has(member);
  const want = new Set(
    livingGroups(model).flatMap((group) => linksOf(model, group).flatMap((member) => (isKnown(member) ? `${group.key} ∋ ${member}` : []))),
  );
  for (const link of have) if (!want.has(link)) found.push(`${link} is here and not there`);
  for (const link of want) if (!have.has(link)) found.push(`${link} is there and not here`);

  for (const person of livingPeople(model)) {
    const id = rowOf.get(person.key)?.id;
    if (!id) continue;
    const reached = [...world.groupsOf(id)].flatMap((group) => keyOf.get(world.group(group)?.objectGuid ?? '') ?? []).toSorted();
    const wanted = [...groupsOf(model, person)].toSorted();
    if (reached.join(' ') !== wanted.join(' ')) found.push(`${person.key} is in ${reached.join(' ')}, but belongs in ${wanted.join(' ')}`);
  }
  return found;
}
