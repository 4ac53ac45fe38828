/** The first read of a directory writes people while it goes on: what that leaves when it breaks off, and what it never does. */
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import {
  base,
  domainUsers,
  group,
  guid,
  isBulkOfPeople,
  person,
  type ScriptedDomain,
  type ScriptedScene,
  scriptedDomain,
  scriptedScene,
} from '../testing/scripted-domain.ts';

let scene: ScriptedScene;
afterEach(() => scene?.close());

/** As many as are written at once, and some. */
const early = Array.from({ length: 5_000 }, (_, n) => 10_000 + n);
const late = [20_000, 20_001];

const rowsOf = async <Row extends object>(sql: string) => (await scene.db.sql.query<Row>(sql)).rows;
const count = async (from: string) => (await rowsOf<{ n: number }>(`SELECT count(*)::integer AS n FROM ${from}`))[0]?.n;

/** People in two pages; the second one says who claims the name of somebody of the first. */
async function beginning(isBroken: () => boolean): Promise<ScriptedDomain> {
  const claimed = { userPrincipalName: ['U10007@corp.example'] };
  const people = [...early, ...late].map((n) => person(n, `u${n}`, n === 20_000 ? claimed : {}));
  const domain = scriptedDomain([domainUsers(), group(901, 'web', [...early.slice(0, 10), ...late]), ...people]);
  const page = (of: readonly number[]) => {
    const wanted = new Set(of.map(guid));
    return domain.objects.flatMap((one) => (wanted.has(one.guid) ? one.entry : []));
  };
  domain.misbehave = (asked) => {
    if (!isBulkOfPeople(asked)) return null;
    if (!asked.page) return { entries: page(early), nextPage: 'two' };
    return isBroken() ? { ending: 'hang-up' } : { entries: page(late), nextPage: '' };
  };
  scene = await scriptedScene(domain);
  return domain;
}

it('that breaks off has told nobody, lets nobody in and holds nothing; the next one takes in what there is then (SECURITY 37, F4)', async () => {
  let isBroken = true;
  const domain = await beginning(() => isBroken);
  domain.passwords.set(`CN=u10001,${base}`, 'right');
  const told = await count(`change WHERE topic IN ('person', 'directory')`);
  await scene.service.start();
  await eventually(async () => (await count('person')) === early.length, 30_000);
  await eventually(async () => (await count(`domain_controller WHERE state = 'unreachable'`)) === 1, 30_000);
  expect(await count(`change WHERE topic IN ('person', 'directory')`)).toBe(told);
  expect(await count('membership')).toBe(0);
  expect(await count("audit_event WHERE event = 'person.appeared'")).toBe(0);
  await expect(scene.signIn('u10001', 'right')).rejects.toMatchObject({ code: 'login.directory-not-read' });

  // Most are gone by then, which of a directory that had been taken in would be held.
  domain.objects = domain.objects.filter(
    (one) => one.kind === 'group' || Number(one.guid.slice(-5)) < 10_020 || Number(one.guid.slice(-5)) >= 20_000,
  );
  isBroken = false;
  await eventually(async () => (await count('directory WHERE taken_in_at IS NOT NULL')) === 1, 60_000);
  await eventually(async () => (await count(`directory WHERE state = 'following'`)) === 1, 30_000);
  expect(await count(`person WHERE state = 'enabled'`)).toBe(22);
  expect(await count('membership WHERE NOT is_primary')).toBe(12);
  expect(await count(`change WHERE topic = 'directory'`)).toBeGreaterThan(0);
}, 120_000);

it('gives a name that two claim to neither, whichever of them it met first', async () => {
  await beginning(() => false);
  await scene.service.start();
  await eventually(async () => (await count('directory WHERE taken_in_at IS NOT NULL')) === 1, 60_000);
  const names = await rowsOf<{ name: string }>(
    `SELECT wire_name AS name FROM person WHERE sam_account_name IN ('u10006', 'u10007', 'u20000') ORDER BY sam_account_name`,
  );
  expect(names.map(({ name }) => name.replace(/^[^:]*:/, ''))).toEqual(['u10006@corp.example', guid(10_007), guid(20_000)]);
}, 120_000);

it('of a directory that does not show what every read must show lets nobody in, until it does (SECURITY 37)', async () => {
  const domain = scriptedDomain([domainUsers(), person(1, 'ann'), person(2, 'ben')]);
  domain.passwords.set(`CN=ann,${base}`, 'right');
  scene = await scriptedScene(domain);
  const sentinel = JSON.stringify({ sentinelPerson: { name: 'cat', objectGuid: guid(3) } });
  await scene.db.sql.query('UPDATE directory SET settings = settings || $1::jsonb', [sentinel]);
  await scene.service.start();
  await eventually(async () => (await count(`directory WHERE state = 'held'`)) === 1, 30_000);
  await eventually(async () => (await count('domain_controller WHERE full_read_at IS NOT NULL')) === 1, 30_000);
  await expect(scene.signIn('ann', 'right')).rejects.toMatchObject({ code: 'login.directory-not-read' });

  domain.objects.push(person(3, 'cat'));
  await scene.service.readAgain(scene.directoryId, { removalsApproved: false });
  await eventually(async () => (await count('directory WHERE taken_in_at IS NOT NULL')) === 1, 30_000);
  expect(await scene.signIn('ann', 'right')).toMatchObject({ personId: expect.any(String) });
}, 120_000);
