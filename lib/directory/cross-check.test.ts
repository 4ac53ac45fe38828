import { afterAll, beforeAll, expect, test } from 'vitest';
import { differenceOf } from './cross-check.ts';
import { eventually, followedDirectoryScene, type Scene } from './testing.ts';

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

test('nobody in the domain differs: nested, cyclic, primary and distribution groups count as the directory counts them (SECURITY 35)', async () => {
  for (const login of ['alice', 'bob', 'carol', 'erin', 'frank', 'zoe']) {
    await scene.ask('login', { address: null }, { login, password: scene.ad.user(login).password });
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { rows } = await scene.db.sql.query(`SELECT 1 FROM audit_event WHERE event = 'membership.differed'`);
  expect(rows).toEqual([]);
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
