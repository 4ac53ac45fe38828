/** Whoever is disabled while a large directory is read does not wait for its end; a server whose pages never end makes that moment last. */
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../testing.ts';
import {
  domainUsers,
  group,
  guid,
  isBulkOfPeople,
  person,
  type ScriptedDomain,
  type ScriptedScene,
  scriptedDomain,
  scriptedScene,
} from '../testing-scripted.ts';

let scene: ScriptedScene;
afterEach(() => scene?.close());

const staff = Array.from({ length: 12 }, (_, n) => n + 1);
const withinMs = 30_000;

async function rowsOf<Row extends object>(sql: string): Promise<Row[]> {
  return (await scene.db.sql.query<Row>(sql)).rows;
}
const controllerState = async () => (await rowsOf<{ state: string }>('SELECT state FROM domain_controller'))[0]?.state;
const reads = async () => (await rowsOf(`SELECT 1 FROM audit_event WHERE event = 'directory.read'`)).length;
const stateOf = async (login: string) =>
  (await rowsOf<{ state: string }>(`SELECT state FROM person WHERE sam_account_name = '${login}'`))[0]?.state;

it('cuts off whoever is disabled while a complete read goes on, and what the read saw of them before gives nothing back (F7)', async () => {
  const domain = scriptedDomain([domainUsers(), group(901, 'web', staff), ...staff.map((n) => person(n, `u${n}`))]);
  scene = await scriptedScene(domain);
  await scene.service.start();
  await eventually(async () => (await controllerState()) === 'following' && (await reads()) === 1, withinMs);

  const finish = readThatGoesOn(domain);
  scene.service.readAgain(scene.directoryId, { removalsApproved: false });
  await eventually(async () => (await controllerState()) === 'reading', withinMs);
  disable(domain, 1);
  await eventually(async () => (await rowsOf('SELECT 1 FROM revocation')).length === 1, withinMs);
  expect(await controllerState()).toBe('reading');
  expect(await stateOf('u1')).toBe('disabled');

  finish();
  await eventually(async () => (await controllerState()) === 'following' && (await reads()) === 2, withinMs);
  await eventually(async () => (await stateOf('u1')) === 'disabled', withinMs);
  expect(await rowsOf(`SELECT 1 FROM audit_event WHERE event = 'person.enabled'`)).toEqual([]);
}, 120_000);

/** People as they are now, on a first page; then page after page without anybody, until it is let come to its end. */
function readThatGoesOn(domain: ScriptedDomain): () => void {
  const asTheyAre = domain.objects.filter(({ kind }) => kind === 'person').map(({ entry }) => entry);
  let isOver = false;
  domain.misbehave = (asked) => {
    if (!isBulkOfPeople(asked)) return null;
    if (!asked.page) return { entries: asTheyAre, nextPage: 'more' };
    return { nextPage: isOver ? '' : 'more' };
  };
  return () => {
    isOver = true;
  };
}

function disable(domain: ScriptedDomain, n: number): void {
  const object = domain.objects.find((one) => one.guid === guid(n));
  if (object) object.entry = { ...object.entry, attributes: { ...object.entry.attributes, userAccountControl: ['514'] } };
  domain.touched = [guid(n)];
  domain.usn += 1;
}
