/** What reaches a domain controller when somebody signs in, counted there: names, passwords, tries. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changing, openDatabase } from '#lib/db/database.ts';
import type { Fault } from '#lib/errors/fault.ts';
import { guidAsBase } from './active-directory/guid.ts';
import { authenticate } from './authenticate.ts';
import { openConnection } from './ldap/connection.ts';
import { forgetOldTries } from './mutations.ts';
import { cutOff } from './people-mutations.ts';
import { eventually } from './testing.ts';
import { base, domainUsers, group, guid, person, type ScriptedScene, scriptedDomain, scriptedScene, syncDn } from './testing-scripted.ts';

const odd = { login: 'odd', dn: `CN=x)(objectClass=*,${base}` };
const domain = scriptedDomain([
  domainUsers(),
  group(901, '(a)\\b*', [3]),
  group(902, 'other', [1]),
  person(1, 'alice'),
  person(2, 'bob'),
  person(3, odd.login, { displayName: ['x)(objectClass=*'] }, odd.dn),
  person(4, 'EXTERNAL'),
]);
const second = scriptedDomain(domain.objects);
let scene: ScriptedScene;

beforeAll(async () => {
  scene = await scriptedScene(domain, second);
  await scene.service.start();
  await eventually(async () => (await people()).length === 4);
  await scene.service.stop();
  await scene.db.sql.query(`UPDATE domain_controller SET state = CASE WHEN url = $1 THEN 'following' ELSE 'unreachable' END`, [
    scene.servers[0]?.endpoint.url,
  ]);
});
afterAll(() => scene?.close());

beforeEach(async () => {
  await scene.db.sql.query('DELETE FROM login_attempt');
  for (const { binds, asked } of scene.servers) [binds.length, asked.length] = [0, 0];
});
afterEach(() => {
  for (const one of [domain, second]) {
    one.misbehave = null;
    one.onUserBind = null;
    one.passwords.clear();
  }
});

const people = async () =>
  (await scene.db.sql.query<{ id: string; login: string }>('SELECT id, sam_account_name AS login FROM person')).rows;
const idOf = async (login: string) => (await people()).find((one) => one.login === login)?.id ?? '';
const buckets = async () =>
  (await scene.db.sql.query<{ bucket: string; n: number }>('SELECT bucket, count(*)::integer AS n FROM login_attempt GROUP BY 1')).rows;
const allBinds = () => scene.servers.flatMap(({ binds }) => binds);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'signed in';
  } catch (error) {
    return (error as Fault).code;
  }
}

describe('what can be no password', () => {
  it('is refused without a single bind: empty, NUL, too long, or no text at all (SECURITY 29)', async () => {
    const noPasswords = ['', '\0', 'right\0', undefined, null, [], ['right'], {}, { toString: () => 'right' }, 0, true, 'x'.repeat(1_025)];
    const answers = await Promise.all(noPasswords.map((password) => scene.signIn('alice', password).catch((error: Fault) => error)));
    for (const answer of answers) expect(answer).toMatchObject({ code: 'login.refused', status: 401 });
    expect(allBinds()).toEqual([]);
    expect(await buckets()).toEqual([]);
  });

  it('a space is a password like any other, and arrives as it was typed (SECURITY 29)', async () => {
    expect(await codeOf(scene.signIn('alice', ' '))).toBe('login.refused');
    expect(scene.userBinds()).toEqual([{ dn: `CN=alice,${base}`, password: ' ', saslMechanism: null }]);
  });
});

describe('a typed name', () => {
  it('that is a SASL mechanism chooses none (SECURITY 30)', async () => {
    domain.passwords.set(`CN=EXTERNAL,${base}`, 'right');
    const names = ['EXTERNAL', 'external', 'PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-1', 'GSSAPI'];
    expect(new Set(await Promise.all(names.map((login) => codeOf(scene.signIn(login, 'x')))))).toEqual(new Set(['login.refused']));
    expect(allBinds().filter(({ saslMechanism }) => saslMechanism !== null)).toEqual([]);
  });

  it('of an account that is called like a mechanism is bound by its DN, and the words alone are a plain bind (SECURITY 30)', async () => {
    domain.passwords.set(`CN=EXTERNAL,${base}`, 'right');
    expect(await codeOf(scene.signIn('EXTERNAL', 'right'))).toBe('signed in');
    expect(scene.userBinds()).toEqual([{ dn: `CN=EXTERNAL,${base}`, password: 'right', saslMechanism: null }]);
    const server = scene.servers[0];
    if (!server) throw new Error('no server');
    const connection = await openConnection(server.endpoint);
    await expect(connection.bind('EXTERNAL', 'x')).rejects.toThrow('refused');
    connection.close();
    expect(server.binds.at(-1)).toEqual({ dn: 'EXTERNAL', password: 'x', saslMechanism: null });
  });

  it('that looks like a filter finds nobody, and nothing is asked for it (SECURITY 31)', async () => {
    const names = ['*', 'a*', 'x)(|(cn=*', '\\2a', 'alice)(objectClass=*', odd.dn];
    const answers = await Promise.all(names.map((login) => scene.signIn(login, 'x').catch((error: Fault) => error)));
    const message = 'This name and password do not fit together, or the account may not sign in.';
    for (const answer of answers) expect(answer).toMatchObject({ code: 'login.refused', status: 401, message });
    expect(scene.servers.flatMap(({ asked }) => asked)).toEqual([]);
  });

  it('from the directory that looks like a filter is never part of one: asked is by GUID alone, and the groups are exact (SECURITY 31)', async () => {
    domain.passwords.set(odd.dn, 'right');
    expect(await codeOf(scene.signIn('odd', 'right'))).toBe('signed in');
    expect(scene.servers.flatMap(({ asked }) => asked.map((one) => one.base))).toEqual([guidAsBase(guid(3))]);
    expect(scene.servers.some(({ asked }) => asked.some(({ bytes }) => bytes.includes('x)(objectClass')))).toBe(false);
    expect(scene.userBinds()).toMatchObject([{ dn: odd.dn }]);
    const { rows } = await scene.db.sql.query<{ name: string }>(
      'SELECT g.name FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE m.member_id = $1 ORDER BY 1',
      [await idOf('odd')],
    );
    expect(rows).toEqual([{ name: '(a)\\b*' }]);
  });

  it('in all its spellings is one account with one budget (SECURITY 32)', async () => {
    const spellings = ['alice', ' ALICE', 'alice ', 'Alice@Corp.Example', 'CORP\\alice', 'corp.example\\ALICE'];
    const answers = [];
    for (const login of spellings) answers.push(await codeOf(scene.signIn(login, 'wrong')));
    expect(answers).toEqual([...Array(3).fill('login.refused'), ...Array(3).fill('login.throttled')]);
    expect(await buckets()).toEqual([{ bucket: `person:${await idOf('alice')}`, n: 3 }]);
    expect(scene.userBinds()).toHaveLength(3);
    expect(await people()).toHaveLength(4);
  });

  it('that means nobody has one budget for all its spellings too: a second spelling tells nothing (SECURITY 32)', async () => {
    const answers = [];
    for (const login of ['nobody', ' NOBODY', 'nobody@corp.example', 'CORP\\nobody', 'corp.example\\Nobody'])
      answers.push(await codeOf(scene.signIn(login, 'wrong')));
    expect(answers).toEqual([...Array(3).fill('login.refused'), ...Array(2).fill('login.throttled')]);
    expect(await buckets()).toHaveLength(1);
    expect(allBinds()).toEqual([]);
  });

  it('that only looks like alice takes nothing from her budget and binds nobody (SECURITY 32)', async () => {
    const lookAlikes = ['al\u0131ce', '\u0430lice', '\uFF41lice', 'alice\u0301', 'al\u200Bice', 'ali\u212A', 'alice\uFF20corp.example'];
    const answers = await Promise.all(lookAlikes.map((login) => codeOf(scene.signIn(login, 'x'))));
    expect(new Set(answers)).toEqual(new Set(['login.refused']));
    expect((await buckets()).map(({ bucket }) => bucket)).not.toContain(`person:${await idOf('alice')}`);
    expect(allBinds()).toEqual([]);
  });
});

describe('wrong passwords', () => {
  it('a hundred for alice from ten addresses are at most three binds; after the cool-down she signs in (SECURITY 38)', async () => {
    domain.passwords.set(`CN=alice,${base}`, 'right');
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => codeOf(scene.signIn('alice', `wrong-${n}`, `10.0.0.${n % 10}`))),
    );
    expect(answers.filter((answer) => answer === 'login.refused')).toHaveLength(3);
    expect(scene.userBinds()).toHaveLength(3);
    expect(await codeOf(scene.signIn('alice', 'right'))).toBe('login.throttled');
    await scene.db.sql.query(`UPDATE login_attempt SET at = at - interval '31 minutes'`);
    expect(await codeOf(scene.signIn('alice', 'right'))).toBe('signed in');
  });

  it('are counted for a new worker too, and a flood of other names pushes no count out (SECURITY 39)', async () => {
    for (let n = 0; n < 3; n += 1) expect(await codeOf(scene.signIn('alice', 'wrong'))).toBe('login.refused');
    await scene.db.sql.query(`INSERT INTO login_attempt (bucket) SELECT 'name:' || n FROM generate_series(1, 10000) AS n`);
    await forgetOldTries(scene.db);
    const db = openDatabase(scene.url);
    const elsewhere = { ...scene.options, db };
    expect(await codeOf(authenticate(elsewhere, { login: 'alice', password: 'wrong', address: '10.0.0.9' }))).toBe('login.throttled');
    await db.close();
    expect(scene.userBinds()).toHaveLength(3);
  });
});

describe('a sick domain controller', () => {
  it('all of them gone: 503 in bounded time, no try is taken, nobody is let in, and an admin’s cut works (F1)', async () => {
    for (const one of [domain, second]) one.misbehave = () => ({ ending: 'hang-up' });
    await expect(scene.signIn('bob', 'right')).rejects.toMatchObject({ code: 'login.directory-down', status: 503, retryAfterSeconds: 5 });
    expect(await buckets()).toEqual([]);
    expect(scene.userBinds()).toEqual([]);
    const personId = await idOf('bob');
    const actor = { kind: 'system', name: 'test' } as const;
    await changing(scene.db, (tx, touch) => cutOff(tx, touch, { personId, name: 'bob', reason: 'left', actor, evidenceAt: new Date() }));
    const { rows } = await scene.db.sql.query('SELECT state FROM person WHERE id = $1', [personId]);
    expect(rows).toEqual([{ state: 'cut' }]);
    await scene.db.sql.query(`UPDATE person SET cut_at = NULL, state = 'enabled' WHERE id = $1`, [personId]);
  });

  it('one that never answers a question is given up, and no password is sent after that (F2)', async () => {
    for (const one of [domain, second]) one.misbehave = () => ({ ending: 'silence' });
    const began = performance.now();
    expect(await codeOf(scene.signIn('alice', 'right'))).toBe('login.directory-down');
    // The promise is five seconds; a busy machine is forgiven some.
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(scene.userBinds()).toEqual([]);
    expect(await buckets()).toEqual([]);
  });

  it('one that swallows the password without an answer: the try stays counted, for AD may have counted it too (F2)', async () => {
    domain.onUserBind = () => 'silence';
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await codeOf(scene.signIn('alice', 'wrong')));
    expect(answers).toEqual([...Array(3).fill('login.directory-down'), 'login.throttled']);
    expect(scene.userBinds()).toHaveLength(3);
  }, 30_000);

  it.each([
    ['hangs up', { ending: 'hang-up' }],
    ['talks nonsense', { ending: 'garbage' }],
    ['is silent', { ending: 'silence' }],
    ['is busy', { status: 51 }],
  ] as const)('one that %s is passed over, and the next one is asked (F3)', async (_, answer) => {
    domain.misbehave = () => answer;
    second.passwords.set(`CN=alice,${base}`, 'right');
    expect(await codeOf(scene.signIn('alice', 'right'))).toBe('signed in');
    expect(scene.servers[0]?.binds.filter(({ dn }) => dn !== syncDn)).toEqual([]);
    expect(scene.servers[1]?.binds.filter(({ dn }) => dn !== syncDn)).toHaveLength(1);
  });

  it('a wrong password is tried on one of them alone (F3)', async () => {
    second.passwords.set(`CN=alice,${base}`, 'right');
    expect(await codeOf(scene.signIn('alice', 'right'))).toBe('login.refused');
    expect(scene.servers[1]?.binds).toEqual([]);
    expect(scene.userBinds()).toHaveLength(1);
  });
});
