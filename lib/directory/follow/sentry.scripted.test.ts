/** Whoever is disabled while a large directory is read or drained does not wait for its end; a server whose pages never end makes that moment last. */
import { afterEach, expect, it } from 'vitest';
import type { Asked } from '../ldap/testing.ts';
import { eventually } from '../testing/eventually.ts';
import {
  asksFor,
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

const staff = Array.from({ length: 12 }, (_, n) => n + 1);
const withinMs = 30_000;

async function rowsOf<Row extends object>(sql: string): Promise<Row[]> {
  return (await scene.db.sql.query<Row>(sql)).rows;
}
const controllerState = async () => (await rowsOf<{ state: string }>('SELECT state FROM domain_controller'))[0]?.state;
const reads = async () => (await rowsOf(`SELECT 1 FROM audit_event WHERE event = 'directory.read'`)).length;
const stateOf = async (login: string) =>
  (await rowsOf<{ state: string }>(`SELECT state FROM person WHERE sam_account_name = '${login}'`))[0]?.state;

async function follow(): Promise<ScriptedDomain> {
  const domain = scriptedDomain([domainUsers(), group(901, 'web', staff), ...staff.map((n) => person(n, `u${n}`))]);
  scene = await scriptedScene(domain);
  await scene.service.start();
  await eventually(async () => (await controllerState()) === 'following' && (await reads()) === 1, withinMs);
  return domain;
}

it('cuts off whoever is disabled while a complete read goes on, and what the read saw of them before gives nothing back (F7)', async () => {
  const domain = await follow();
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

it('cuts off whoever is disabled before the drain that tells of it has come to its end, and while it goes on (SECURITY 40)', async () => {
  const domain = await follow();
  let isOver = false;
  domain.misbehave = (asked) => (isDrain(asked) && !isOver ? { entries: [], nextPage: 'more' } : null);
  disable(domain, 1);
  await eventually(async () => (await stateOf('u1')) === 'disabled', withinMs);
  disable(domain, 2);
  await eventually(async () => (await rowsOf('SELECT 1 FROM revocation')).length === 2, withinMs);
  const usnAfterRead = `SELECT 1 FROM domain_controller WHERE highest_usn > 100`;
  expect(await rowsOf(usnAfterRead)).toEqual([]);
  isOver = true;
  await eventually(async () => (await rowsOf(usnAfterRead)).length === 1, withinMs);
  expect([await stateOf('u1'), await stateOf('u2'), (await rowsOf('SELECT 1 FROM revocation')).length]).toEqual([
    'disabled',
    'disabled',
    2,
  ]);
}, 120_000);

it('goes on by another connection where the first one is not answered, and by drains alone where such questions are refused (F4)', async () => {
  const domain = await follow();
  const finish = readThatGoesOn(domain);
  scene.service.readAgain(scene.directoryId, { removalsApproved: false });
  await eventually(async () => (await controllerState()) === 'reading', withinMs);
  await eventually(async () => scene.servers[0]?.asked.some((asked) => isBulkOfPeople(asked) && Boolean(asked.page)), withinMs);
  const { misbehave } = domain;
  let silent = 2;
  domain.misbehave = (asked) => (isProbe(asked) && silent-- > 0 ? { ending: 'silence' } : (misbehave?.(asked) ?? null));
  disable(domain, 1);
  await eventually(async () => (await rowsOf('SELECT 1 FROM revocation')).length === 1, withinMs);
  expect(await controllerState()).toBe('reading');
  finish();
  await eventually(async () => (await controllerState()) === 'following' && (await reads()) === 2, withinMs);

  domain.misbehave = (asked) => (asksFor(asked, 'isDeleted') ? { status: unwillingToPerform } : null);
  disable(domain, 2);
  await eventually(async () => (await stateOf('u2')) === 'disabled', withinMs);
  expect(await controllerState()).toBe('following');
}, 120_000);

const unwillingToPerform = 53;
const isProbe = (asked: Asked) => asksFor(asked, 'highestCommittedUSN') && !asksFor(asked, 'dsServiceName');
const isDrain = (asked: Asked) => asked.bytes.includes('uSNChanged') && !asksFor(asked, 'isDeleted') && !asksFor(asked, 'uSNChanged');

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
