import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAllDirectories } from '#lib/entitlement/data.ts';
import { sidFromBytes } from '../active-directory/sid.ts';
import { securityGroupsOf } from '../data.ts';
import { openConnection } from '../ldap/connection.ts';
import { readTokenGroups } from '../read/read.ts';
import { eventually } from '../testing/eventually.ts';
import { followedDirectoryScene, type Scene } from '../testing/scene.ts';
import { differenceOf } from './cross-check.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await followedDirectoryScene();
});
afterAll(async () => {
  await scene?.close();
});

test('only groups of the domain itself are compared', () => {
  const [domain, other, builtin] = ['S-1-5-21-1-2-3', 'S-1-5-21-9-9-9', 'S-1-5-32'];
  const token = new Set([`${domain}-513`, `${domain}-1100`, `${other}-1100`, `${builtin}-545`]);
  expect(differenceOf(token, new Set([`${domain}-513`, `${domain}-1100`]), domain)).toBeNull();
  expect(differenceOf(token, new Set([`${domain}-513`, `${domain}-1200`]), domain)).toEqual({
    missing: [`${domain}-1100`],
    extra: [`${domain}-1200`],
  });
});

test('what another domain’s groups give may be in the token, and need not', () => {
  const [own, other] = ['S-1-5-21-1-2-3', 'S-1-5-21-9-9-9'];
  const ours = new Set([`${own}-513`, `${own}-1100`, `${other}-1200`]);
  const certain = new Set([`${own}-513`]);
  for (const token of [new Set([`${own}-513`]), new Set([`${own}-513`, `${own}-1100`])])
    expect(differenceOf(token, ours, own, certain)).toBeNull();
  expect(differenceOf(new Set([`${own}-1300`, `${own}-513`]), ours, own, certain)).toEqual({ missing: [`${own}-1300`], extra: [] });
});

test('golden: the groups of a person are exactly these, by nesting, circle, primary group and none by a distribution list (SECURITY 35)', async () => {
  const groupsOf = async (login: string) => {
    const { rows } = await scene.db.sql.query<{ id: string }>('SELECT id FROM person WHERE sam_account_name = $1', [login]);
    const sids = await securityGroupsOf(scene.db, rows[0]?.id ?? '');
    const named = await scene.db.sql.query<{ name: string }>('SELECT name FROM directory_group WHERE sid = ANY($1) ORDER BY lower(name)', [
      sids,
    ]);
    return named.rows.map(({ name }) => name);
  };
  const everybodysOwn = ['Domain Users', 'Users'];
  expect(await groupsOf('alice')).toEqual([
    ...['all-departments', 'all-staff', 'dept-engineering', 'Domain Users', 'guild-design', 'guild-frontend', 'guild-research'],
    ...['shop-developers', 'team-shop', 'team-shop-web', 'Users'],
  ]);
  // In news-all-hands as well, which is a distribution list.
  expect(await groupsOf('dave')).toEqual(['all-departments', 'all-staff', 'dept-support', ...everybodysOwn]);
  expect(await groupsOf('svc-gatehouse')).toEqual(everybodysOwn);
});

test('golden: of everybody in the domain, the groups are those that the domain controller itself counts (SECURITY 35)', async () => {
  const { ad, db } = scene;
  const connection = await openConnection({ url: ad.url, serverName: ad.serverName, caPem: ad.caPem });
  await connection.bind(ad.followerDn, ad.followerPassword);
  const { rows } = await db.sql.query<{ id: string; guid: string; login: string }>(
    'SELECT id, object_guid AS guid, sam_account_name AS login FROM person WHERE deleted_at IS NULL',
  );
  expect(rows.length).toBeGreaterThan(295);
  const ofDomainOrBuiltin = (sid: string) => sid.startsWith('S-1-5-21-') || sid.startsWith('S-1-5-32-');
  for (const { id, guid, login } of rows) {
    const token = ((await readTokenGroups(connection, guid)) ?? []).map(sidFromBytes).filter(ofDomainOrBuiltin);
    const ours = (await securityGroupsOf(db, id)).filter(ofDomainOrBuiltin);
    expect(ours.sort(), login).toEqual([...new Set(token)].sort());
  }
  connection.close();
});

test('a distribution list is shown, and carries rights only where the settings of its directory say so (SECURITY 35)', async () => {
  const { db } = scene;
  const carries = async () =>
    (await readAllDirectories(db)).groups.filter(({ name }) => name === 'news-all-hands').map(({ security }) => security);
  expect(await carries()).toEqual([false]);
  await db.sql.query(`UPDATE directory SET settings = settings || '{"distributionGroups": "counted"}'`);
  expect(await carries()).toEqual([true]);
  await db.sql.query(`UPDATE directory SET settings = settings || '{"distributionGroups": "shown"}'`);
  expect(await carries()).toEqual([false]);
});

test('a membership that we lost is noticed when the person signs in, told, and mended', async () => {
  const { db, ad } = scene;
  const memberships = async () =>
    (
      await db.sql.query<{ group_id: string }>(
        `SELECT group_id FROM membership m JOIN person p ON p.id = m.member_id WHERE p.sam_account_name = 'alice' ORDER BY 1`,
      )
    ).rows;
  const before = await memberships();
  expect(before.length).toBeGreaterThan(1);
  await db.sql.query(
    `DELETE FROM membership WHERE member_id IN (SELECT id FROM person WHERE sam_account_name = 'alice') AND NOT is_primary`,
  );
  await scene.ask('login', { address: null }, { login: 'alice', password: ad.user('alice').password });
  await eventually(async () => JSON.stringify(await memberships()) === JSON.stringify(before), 30_000);
  const { rows } = await db.sql.query<{ detail: { missing: string[]; extra: string[] } }>(
    `SELECT detail FROM audit_event WHERE event = 'membership.differed'`,
  );
  expect(rows[0]?.detail.missing.length).toBeGreaterThan(0);
  expect(rows[0]?.detail.extra).toEqual([]);
});
