/** A sick domain controller takes access from nobody and gives it to nobody: what a real one cannot be made to do, done by a script. */
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { guidToBytes } from '../active-directory/guid.ts';
import { stampedAttributes } from '../active-directory/replication-stamps.ts';
import { securityGroupsOf } from '../data.ts';
import type { Answer } from '../ldap/testing.ts';
import { eventually } from '../testing/eventually.ts';
import {
  asksFor,
  base,
  domainUsers,
  group,
  guid,
  isBulkOfGroups,
  isBulkOfPeople,
  person,
  type ScriptedDomain,
  type ScriptedObject,
  type ScriptedScene,
  scriptedDomain,
  scriptedScene,
} from '../testing/scripted-domain.ts';

let scene: ScriptedScene;
let domain: ScriptedDomain;
afterEach(() => scene?.close());

const staff = Array.from({ length: 30 }, (_, n) => n + 1);
const company = () => [domainUsers(), group(901, 'web', staff), ...staff.map((n) => person(n, `u${n}`))];

async function following(objects: ScriptedObject[], ...others: ScriptedDomain[]): Promise<void> {
  domain = scriptedDomain(objects);
  scene = await scriptedScene(domain, ...others);
  await scene.service.start();
  await eventually(async () => (await directory()).state === 'following' && (await reads()).length === 1, 30_000);
}

const rowsOf = async <Row extends object>(sql: string) => (await scene.db.sql.query<Row>(sql)).rows;
const directory = async () =>
  (await rowsOf<{ state: string; state_detail: string | null }>('SELECT state, state_detail FROM directory'))[0] ?? {
    state: 'none',
    state_detail: null,
  };
const controllers = () =>
  rowsOf<{ url: string; state: string; state_detail: string | null }>('SELECT url, state, state_detail FROM domain_controller');
const controller = async () => (await controllers())[0];
const reads = () => rowsOf<{ detail: Record<string, number> }>(`SELECT detail FROM audit_event WHERE event = 'directory.read' ORDER BY at`);
const states = () => rowsOf<{ login: string; state: string }>('SELECT sam_account_name AS login, state FROM person ORDER BY 1');
const revocations = () => rowsOf('SELECT person_id, reason FROM revocation');
const memberships = () => rowsOf<{ n: number }>('SELECT count(*)::integer AS n FROM membership WHERE NOT is_primary');
const everything = async () => JSON.stringify([await states(), await revocations(), await memberships()]);
const readAgain = () => scene.service.readAgain(scene.directoryId, { removalsApproved: false });
const usersOf = (list: readonly ScriptedObject[]) => list.filter(({ kind }) => kind === 'person').map(({ entry }) => entry);

const set = (n: number, attributes: ScriptedObject['entry']['attributes']) => setIn(domain, n, attributes);

function setIn({ objects }: ScriptedDomain, n: number, attributes: ScriptedObject['entry']['attributes']): void {
  const object = objects.find((one) => one.guid === guid(n));
  if (object) object.entry = { ...object.entry, attributes: { ...object.entry.attributes, ...attributes } };
}

describe('a complete read', () => {
  const faults: [string, (first: Answer) => Answer, string | RegExp][] = [
    ['a busy server', () => ({ status: 51 }), /refused with 51/],
    ['a cut after page 1', (first) => ({ ...first, nextPage: 'two' }), /closed the connection/],
    ['a success without an entry', () => ({ nextPage: '' }), /not the whole directory/],
    ['a size limit', (first) => ({ ...first, status: 4, nextPage: '' }), /refused with 4/],
    ['a time limit', (first) => ({ ...first, status: 3, nextPage: '' }), /refused with 3/],
    [
      'a page that does not say whether it is the last',
      (first) => ({ entries: first.entries ?? [] }),
      /without saying whether another follows/,
    ],
  ];

  it('that meets an error, half a page or nothing changes nobody, says why, and is repaired by the next one (SECURITY 37, F4, F7)', async () => {
    await following(company());
    const before = await everything();
    for (const [name, answer, words] of faults) {
      domain.misbehave = (asked) => {
        if (!isBulkOfPeople(asked)) return null;
        return asked.page ? { ending: 'hang-up' } : answer({ entries: usersOf(domain.objects).slice(0, 10) });
      };
      readAgain();
      const { found } = await eventually(async () => {
        const row = await controller();
        return row?.state === 'unreachable' && row.state_detail?.match(words) ? row : null;
      }, 20_000);
      expect(found.state_detail, name).toMatch(words);
      expect(await everything(), name).toBe(before);
      domain.misbehave = null;
      await eventually(async () => (await controller())?.state === 'following', 20_000);
      expect(await everything(), name).toBe(before);
    }
  }, 120_000);

  it('with far fewer people is held and told, while an account that is there and disabled is cut at once (F7)', async () => {
    await following(company());
    domain.objects = domain.objects.filter((one) => one.kind === 'group' || Number(one.guid.slice(-3)) <= 15);
    set(1, { userAccountControl: ['514'] });
    readAgain();
    await eventually(async () => (await directory()).state === 'held', 20_000);
    const now = await states();
    expect(now).toHaveLength(30);
    expect(now.filter(({ state }) => state !== 'enabled')).toEqual([{ login: 'u1', state: 'disabled' }]);
    expect(await revocations()).toHaveLength(1);
  }, 60_000);

  it('in which a group’s ranges break off leaves that group’s members as they were, and counts it (SECURITY 36, F5)', async () => {
    await following(company());
    const web = domain.objects.find((one) => one.guid === guid(901));
    const all = web?.entry.attributes.member ?? [];
    const half = all.slice(0, 10);
    set(901, { member: [], 'member;range=0-9': half });
    domain.misbehave = (asked) => (asksFor(asked, 'member;range=10-*') ? { status: 51 } : null);
    readAgain();
    await eventually(async () => (await reads()).length === 2, 20_000);
    expect((await reads())[1]?.detail).toMatchObject({ groupsOfUnknownMembership: 1 });
    expect(await memberships()).toEqual([{ n: 30 }]);
    expect((await directory()).state).toBe('following');
    // Asked for again by itself, long before the next complete read.
    const rest = all.slice(10, 28);
    domain.misbehave = (asked) =>
      asksFor(asked, 'member;range=10-*') ? { entries: [{ dn: `CN=web,${base}`, attributes: { 'member;range=10-*': rest } }] } : null;
    await eventually(async () => (await memberships())[0]?.n === 28, 30_000);
    expect((await reads()).length).toBe(2);
  }, 90_000);

  it('follows no reference to another server, and counts it (F6)', async () => {
    await following(company());
    domain.misbehave = (asked) =>
      isBulkOfPeople(asked) ? { entries: usersOf(domain.objects), references: ['ldaps://127.0.0.1:9/DC=elsewhere'], nextPage: '' } : null;
    readAgain();
    await eventually(async () => (await reads()).length === 2, 20_000);
    expect((await reads())[1]?.detail).toMatchObject({ referencesNotFollowed: 1, accounts: 30 });
    domain.misbehave = (asked) => (isBulkOfGroups(asked) ? { status: 10, references: [] } : null);
    const before = await everything();
    readAgain();
    await eventually(async () => (await controller())?.state_detail?.includes('refused with 10'), 20_000);
    expect(await everything()).toBe(before);
  }, 60_000);

  it('and every search between the reads follows no reference either, and tells of it once (F6)', async () => {
    await following(company());
    const before = await everything();
    domain.misbehave = (asked) =>
      asked.bytes.includes('uSNChanged') && !asksFor(asked, 'uSNChanged')
        ? { entries: [], references: ['ldaps://127.0.0.1:9/DC=elsewhere'], nextPage: '' }
        : null;
    domain.usn += 1;
    const referred = () => rowsOf<{ detail: { references: number } }>(`SELECT detail FROM audit_event WHERE event = 'directory.referred'`);
    await eventually(async () => (await referred()).length === 1, 20_000);
    expect(await controller()).toMatchObject({ state: 'following', state_detail: expect.stringMatching(/pointed at another server/) });
    domain.usn += 1;
    domain.misbehave = null;
    set(1, { userAccountControl: ['514'] });
    domain.touched = [guid(1)];
    domain.usn += 1;
    await eventually(async () => (await states()).some(({ state }) => state === 'disabled'), 20_000);
    expect((await referred()).length).toBe(1);
    expect((await reads()).length).toBe(1);
    expect(before).not.toContain('disabled');
  }, 60_000);

  it('during which people are renamed, moved and made anew has each of them once, by their last word (F10)', async () => {
    await following(company());
    const [moved, formerly] = [
      person(1, 'u1.lee', {}, `CN=u1.lee,OU=New,${base}`),
      usersOf(domain.objects).filter(({ dn }) => dn !== `CN=u3,${base}`),
    ];
    // u3 is moved from where the pages have not been to where they were: no page shows him.
    const anew = person(61, 'u2');
    domain.misbehave = (asked) => {
      if (isBulkOfGroups(asked)) {
        const twice = [group(901, 'web', staff), group(901, 'web2', staff), group(902, 'fresh', []), group(902, 'fresh2', [])];
        return { entries: [domainUsers(), ...twice].map(({ entry }) => entry), nextPage: '' };
      }
      if (!isBulkOfPeople(asked)) return null;
      return asked.page ? { entries: [moved.entry, anew.entry], nextPage: '' } : { entries: formerly, nextPage: 'two' };
    };
    const before = await rowsOf<{ id: string; login: string }>('SELECT id, sam_account_name AS login FROM person');
    readAgain();
    await eventually(async () => (await reads()).length === 2, 20_000);
    const after = await rowsOf<{ id: string; login: string; dn: string; wire: string }>(
      'SELECT id, sam_account_name AS login, dn, wire_name AS wire FROM person',
    );
    expect(after).toHaveLength(31);
    expect((await states()).filter(({ state }) => state !== 'enabled')).toEqual([]);
    const idOf = (login: string) => before.find((one) => one.login === login)?.id;
    expect(after.find(({ id }) => id === idOf('u1'))).toMatchObject({ login: 'u1.lee', dn: `CN=u1.lee,OU=New,${base}` });
    // Who comes under somebody's names while that one is still there is somebody else, and takes nothing from the first.
    expect(after.find(({ id }) => id === idOf('u2'))?.wire).toBe('gatehouse:u2@corp.example');
    expect(
      after
        .filter(({ login }) => login === 'u2')
        .map(({ wire }) => wire)
        .toSorted(),
    ).toEqual([`gatehouse:${guid(61)}`, 'gatehouse:u2@corp.example'].toSorted());
    expect((await rowsOf<{ name: string }>('SELECT name FROM directory_group')).map(({ name }) => name).toSorted()).toEqual([
      'Domain Users',
      'fresh2',
      'web2',
    ]);
    expect(await revocations()).toEqual([]);
  }, 60_000);
});

it('a person’s groups are an exact set: nested, circular, primary; not by way of a distribution list, a stranger or a computer (SECURITY 35)', async () => {
  const distribution = group(920, 'letter', [1]);
  distribution.entry = { ...distribution.entry, attributes: { ...distribution.entry.attributes, groupType: ['2'] } };
  await following([
    domainUsers(),
    person(1, 'ann', { primaryGroupID: ['513'] }),
    person(2, 'ben', { primaryGroupID: ['2913'] }),
    // 4711 is known to nobody: a computer, or somebody of another forest.
    group(910, 'inner', [1, 4711]),
    group(911, 'middle', [910]),
    group(912, 'circle', [911]),
    group(913, 'primary', []),
    group(914, 'above-the-letter', [920]),
    group(915, 'above-primary', [913]),
    group(916, 'of-strangers', [4711]),
    distribution,
    group(917, 'round', [912]),
    group(918, 'back', [917]),
  ]);
  set(911, { member: [`<GUID=${guid(910)}>;CN=910,${base}`, `<GUID=${guid(918)}>;CN=918,${base}`] });
  readAgain();
  await eventually(async () => (await reads()).length === 2, 20_000);
  const groupsOf = async (login: string) => {
    const [row] = await rowsOf<{ id: string }>(`SELECT id FROM person WHERE sam_account_name = '${login}'`);
    const sids = await securityGroupsOf(scene.db, row?.id ?? '');
    const names = await scene.db.sql.query<{ name: string }>('SELECT name FROM directory_group WHERE sid = ANY($1)', [sids]);
    return names.rows.map(({ name }) => name).toSorted();
  };
  expect(await groupsOf('ann')).toEqual(['Domain Users', 'back', 'circle', 'inner', 'middle', 'round']);
  expect(await groupsOf('ben')).toEqual(['above-primary', 'primary']);
}, 60_000);

it('a read that is asked for while one is under way is done after it', async () => {
  await following(company());
  let during = 0;
  domain.misbehave = (asked) => {
    if (isBulkOfPeople(asked) && during++ === 0) readAgain();
    return null;
  };
  readAgain();
  await eventually(async () => (await reads()).length === 3, 20_000);
}, 60_000);

it('an account that was off and on again between two looks has lost its sessions and credentials all the same (SECURITY 29)', async () => {
  await following(company().map((one) => stamped(one, 4)));
  const [one] = await rowsOf<{ id: string }>(`SELECT id FROM person WHERE sam_account_name = 'u1'`);
  await scene.db.sql.query(
    `INSERT INTO portal_session (id, person_id, secret_hash, address, user_agent, created_at, seen_at, expires_at)
     VALUES ('s-1', $1, '\\x01', NULL, 'test', now(), now(), now() + interval '1 hour')`,
    [one?.id],
  );
  set(1, { userAccountControl: ['512'], replPropertyMetaData: [stampedOnce(6)] });
  domain.touched = [guid(1)];
  domain.usn += 1;
  await eventually(async () => (await revocations()).length === 1, 20_000);
  expect(await revocations()).toEqual([{ person_id: one?.id, reason: 'disabled' }]);
  expect(await rowsOf('SELECT end_reason FROM portal_session')).toEqual([{ end_reason: 'disabled' }]);
  expect((await states()).find(({ login }) => login === 'u1')?.state).toBe('enabled');
  expect(
    (await rowsOf<{ event: string }>(`SELECT event FROM audit_event WHERE subject_id = '${one?.id}' ORDER BY id`))
      .map(({ event }) => event)
      .slice(-2),
  ).toEqual(['person.disabled', 'person.enabled']);
}, 60_000);

describe('domain controllers that know different things', () => {
  const stateOf = async (login: string) => (await states()).find((one) => one.login === login)?.state;

  it('one that was restored has a lower USN, or another identity: it is read whole, and its old word gives nothing back (F8)', async () => {
    await following(company());
    set(1, { userAccountControl: ['514'], replPropertyMetaData: [stampedOnce(5)] });
    domain.touched = [guid(1)];
    domain.usn += 1;
    await eventually(async () => (await stateOf('u1')) === 'disabled', 20_000);
    set(1, { userAccountControl: ['512'], replPropertyMetaData: [stampedOnce(4)] });
    domain.usn = 50;
    await eventually(async () => (await reads()).length === 2, 20_000);
    expect(await stateOf('u1')).toBe('disabled');
    const another = { entries: [{ dn: 'CN=x', attributes: { invocationId: [guidToBytes(guid(8))] } }] };
    domain.misbehave = (asked) => (asksFor(asked, 'invocationId') ? another : null);
    await scene.service.stop();
    await scene.service.start();
    await eventually(async () => (await reads()).length === 3, 20_000);
    expect([await stateOf('u1'), (await revocations()).length]).toEqual(['disabled', 1]);
    set(1, { userAccountControl: ['512'], replPropertyMetaData: [stampedOnce(6)] });
    domain.usn += 1;
    await eventually(async () => (await stateOf('u1')) === 'enabled', 20_000);
  }, 90_000);

  /** Followed with a second one that knows nothing of it yet; whoever came first leads, the other lags. */
  async function followTwo() {
    const first = company().map((one) => stamped(one, 4));
    const behind = scriptedDomain(company().map((one) => stamped(one, 4)));
    behind.invocation = 8;
    behind.knows = new Map();
    await following(first, behind);
    domain.knows = new Map();
    await eventually(async () => (await controllers()).every(({ state }) => state === 'following'), 20_000);
    const leaderUrl = (await controllers()).find(({ state_detail }) => state_detail === null)?.url;
    return scene.servers[0]?.endpoint.url === leaderUrl ? { leading: domain, lagging: behind } : { leading: behind, lagging: domain };
  }
  const disable = (at: ScriptedDomain, n: number, version = 5) => {
    setIn(at, n, { userAccountControl: ['514'], replPropertyMetaData: [stampedOnce(version)] });
    at.touched = [guid(n)];
    at.usn += 1;
  };

  it('when the leading one is lost, one that lags behind does not take its place before it knows; till then it cuts, and gives nothing back (F3, F8)', async () => {
    const { leading, lagging } = await followTwo();
    disable(leading, 1);
    await eventually(async () => (await stateOf('u1')) === 'disabled', 20_000);
    setIn(leading, 901, { member: staff.slice(2).map((n) => `<GUID=${guid(n)}>;CN=${n},${base}`) });
    leading.touched = [guid(901)];
    leading.usn += 1;
    await eventually(async () => (await memberships())[0]?.n === 28, 20_000);
    leading.misbehave = () => ({ ending: 'hang-up' });
    await eventually(async () => (await directory()).state === 'unreachable', 30_000);
    expect((await directory()).state_detail).toMatch(/do not know yet what another one has told/);
    disable(lagging, 3);
    await eventually(async () => (await stateOf('u3')) === 'disabled', 20_000);
    expect([await stateOf('u1'), (await memberships())[0]?.n, (await reads()).length]).toEqual(['disabled', 28, 1]);

    setIn(lagging, 1, { userAccountControl: ['514'], replPropertyMetaData: [stampedOnce(5)] });
    setIn(lagging, 901, { member: staff.slice(2).map((n) => `<GUID=${guid(n)}>;CN=${n},${base}`) });
    lagging.knows = new Map([[leading.invocation, leading.usn]]);
    await eventually(async () => (await reads()).length === 2 && (await directory()).state === 'following', 30_000);
    expect([await stateOf('u1'), await stateOf('u3'), (await memberships())[0]?.n]).toEqual(['disabled', 'disabled', 28]);
    disable(lagging, 2);
    await eventually(async () => (await stateOf('u2')) === 'disabled', 20_000);
    expect((await revocations()).length).toBe(3);
  }, 90_000);

  it('of four, the three most preferred are followed; the fourth stands in for one that is lost, and by again when it is back (F3)', async () => {
    const others = [8, 9, 10].map((invocation) => Object.assign(scriptedDomain(company()), { invocation }));
    await following(company(), ...others);
    const states = async () =>
      scene.servers.map(async ({ endpoint }) => (await controllers()).find(({ url }) => url === endpoint.url)?.state);
    const are = (...wanted: string[]) => eventually(async () => isDeepStrictEqual(await Promise.all(await states()), wanted), 40_000);
    await are('following', 'following', 'following', 'new');
    const second = others[0];
    if (second) second.misbehave = () => ({ ending: 'hang-up' });
    await are('following', 'unreachable', 'following', 'following');
    if (second) second.misbehave = null;
    await are('following', 'following', 'following', 'new');
    expect((await reads()).length).toBe(1);
  }, 120_000);

  it('one that hides what it knows of its partners waits as well, until an admin takes the lost one off the list (F3)', async () => {
    const { leading, lagging } = await followTwo();
    lagging.knows = null;
    disable(leading, 1);
    await eventually(async () => (await stateOf('u1')) === 'disabled', 20_000);
    leading.misbehave = () => ({ ending: 'hang-up' });
    await eventually(async () => (await directory()).state === 'unreachable', 30_000);
    expect((await reads()).length).toBe(1);
    await scene.db.sql.query(`DELETE FROM domain_controller WHERE invocation_id = $1`, [guid(leading.invocation)]);
    await scene.service.stop();
    await scene.service.start();
    await eventually(async () => (await reads()).length === 2, 30_000);
    expect(await stateOf('u1')).toBe('disabled');
  }, 90_000);
});

/** replPropertyMetaData that says of userAccountControl alone how often it was written. */
function stampedOnce(version: number): Buffer {
  const bytes = Buffer.alloc(16 + 48);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(1, 8);
  bytes.writeUInt32LE(stampedAttributes.userAccountControl, 16);
  bytes.writeUInt32LE(version, 20);
  return bytes;
}

function stamped(object: ScriptedObject, version: number): ScriptedObject {
  const { entry } = object;
  return { ...object, entry: { ...entry, attributes: { ...entry.attributes, replPropertyMetaData: [stampedOnce(version)] } } };
}
