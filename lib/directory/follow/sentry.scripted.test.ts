/** Whoever is disabled while a large directory is read or drained does not wait for its end; a server whose pages never end makes that moment last. */
import { afterEach, expect, it } from 'vitest';
import { guidToBytes } from '../active-directory/guid.ts';
import type { Asked, ScriptedEntry } from '../ldap/testing.ts';
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

it('asks again for whoever was heard of during a complete read though the connection breaks before it could, and reads everything for that (F4)', async () => {
  const domain = await follow();
  await scene.service.stop();
  const { sql } = scene.db;
  // What the domain says of itself comes to its row when this test lets it: so somebody is heard of before the read has its own number.
  await sql.query(`
    CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
    UPDATE directory SET lockout_threshold = 6;
    UPDATE domain_controller SET full_read_at = full_read_at - interval '25 hours';
    CREATE TRIGGER wait_for_the_test BEFORE UPDATE OF lockout_threshold ON directory FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()`);
  const holder = await sql.connect();
  await holder.query('SELECT pg_advisory_lock(4711)');
  // The daily read, which nobody asked for: no row says that it is still to come.
  await scene.service.start();
  await eventually(async () => (await controllerState()) === 'reading', withinMs);
  const looks = () => scene.servers.flatMap(({ asked }) => asked).filter(isLook).length;
  const before = looks();
  rename(domain, 1, 'Una Newname');
  await eventually(() => Promise.resolve(looks() > before), withinMs);
  // The next look begins when the one before is over.
  rename(domain, 2, 'Ulf Newname');
  await eventually(() => Promise.resolve(looks() > before + 1), withinMs);

  let isRead = false;
  let isBroken = false;
  domain.misbehave = (asked) => {
    if (isBulkOfPeople(asked)) isRead = true;
    if (!isRead || isBroken || !asked.bytes.includes(guidToBytes(guid(1)))) return null;
    isBroken = true;
    domain.touched = [];
    return { ending: 'hang-up' };
  };
  await holder.query('SELECT pg_advisory_unlock(4711)');
  holder.release();
  await eventually(() => Promise.resolve(isBroken), withinMs);
  await eventually(async () => (await controllerState()) === 'following', withinMs);
  await eventually(async () => (await rowsOf(`SELECT 1 FROM person WHERE display_name = 'Una Newname'`)).length === 1, 10_000);
}, 120_000);

const unwillingToPerform = 53;
const isProbe = (asked: Asked) => asksFor(asked, 'highestCommittedUSN') && !asksFor(asked, 'dsServiceName');
const isLook = (asked: Asked) => asksFor(asked, 'isDeleted') && asked.bytes.includes('uSNChanged');
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

const disable = (domain: ScriptedDomain, n: number) => change(domain, n, { userAccountControl: ['514'] });
const rename = (domain: ScriptedDomain, n: number, name: string) => change(domain, n, { displayName: [name] });

function change(domain: ScriptedDomain, n: number, attributes: ScriptedEntry['attributes']): void {
  const object = domain.objects.find((one) => one.guid === guid(n));
  if (object) object.entry = { ...object.entry, attributes: { ...object.entry.attributes, ...attributes } };
  domain.touched = [guid(n)];
  domain.usn += 1;
}
