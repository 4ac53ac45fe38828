import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '#lib/errors/fault.ts';
import { followedDirectoryScene, type Scene } from './testing.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await followedDirectoryScene();
});

beforeEach(async () => {
  await scene.db.sql.query('DELETE FROM login_attempt');
});

afterAll(async () => {
  await scene?.close();
});

async function signIn(login: unknown, password: unknown, address: string | null = '10.0.0.1'): Promise<string> {
  try {
    const { personId } = (await scene.ask('login', { address }, { login, password })) as { personId: string };
    const { rows } = await scene.db.sql.query<{ sam_account_name: string }>('SELECT sam_account_name FROM person WHERE id = $1', [
      personId,
    ]);
    return rows[0]?.sam_account_name ?? 'nobody';
  } catch (error) {
    return (error as Fault).code;
  }
}

async function tries(): Promise<number> {
  const { rows } = await scene.db.sql.query<{ n: number }>('SELECT count(*)::integer AS n FROM login_attempt WHERE failed');
  return rows[0]?.n ?? 0;
}

const stateOf = async (login: string) => {
  const { rows } = await scene.db.sql.query<{ state: string }>('SELECT state FROM person WHERE sam_account_name = $1', [login]);
  return rows[0]?.state;
};

describe('a sign-in', () => {
  it.each(['alice', 'ALICE', ' alice ', 'alice@corp.example', 'Alice@Corp.Example', 'CORP\\alice', 'corp.example\\Alice'])(
    'takes %s for alice',
    async (login) => {
      expect(await signIn(login, scene.ad.user('alice').password)).toBe('alice');
    },
  );

  it('works for names with a comma, non-ASCII letters, and without a UPN', async () => {
    for (const login of ['joerg', 'oneill', 'zoe', 'tyamada', 'nohost', 'mixedcase'])
      expect(await signIn(login, scene.ad.user(login).password), login).toBe(login);
    expect(await signIn('zoë@corp.example', scene.ad.user('zoe').password)).toBe('zoe');
    expect(await signIn('nohost@corp.example', scene.ad.user('nohost').password)).toBe('nohost');
  });

  it.each([
    ['a long s', 'mixedca\u017Fe', 'mixedcase'],
    ['a dotless i', 'al\u0131ce'],
    ['a Cyrillic a', '\u0430lice'],
    ['a full-width a', '\uFF41lice'],
    ['a zero-width space', 'al\u200Bice'],
    ['a wildcard', 'a*'],
    ['a filter', 'x)(|(cn=*'],
    ['an escape', '\\2a'],
    ['a SASL mechanism', 'EXTERNAL'],
    ['another domain', 'OTHER\\alice'],
    ['a DN', 'CN=Alice Brandt,OU=Berlin,OU=Engineering,OU=People,DC=corp,DC=example'],
    ['nothing', ''],
    ['no text', { login: 'alice' }],
  ] as [string, unknown, string?][])('knows nobody by %s (SECURITY 30, 31, 32)', async (_, login, whose = 'alice') => {
    expect(await signIn(login, scene.ad.user(whose).password)).toBe('login.refused');
  });

  it.each([
    ['an empty text', ''],
    ['a NUL', '\0'],
    ['a text with a NUL in it', 'right\0'],
    ['null', null],
    ['nothing', undefined],
    ['a list', []],
    ['an object', {}],
    ['more than 1024 bytes', 'x'.repeat(1_025)],
  ])('asks nobody whether %s is the password (SECURITY 29)', async (_, password) => {
    expect(await signIn('alice', password)).toBe('login.refused');
    expect(await tries()).toBe(0);
  });

  it('gives one answer in one rhythm to unknown, wrong, disabled, expired, locked and must-change (SECURITY 31)', async () => {
    const leaver = Object.values(scene.ad.users).find(({ dn }) => dn.includes('OU=Leavers'));
    const cases: [string, string][] = [
      ['nobody-of-that-name', 'whatever'],
      ['bob', 'wrong'],
      [leaver?.login ?? '', leaver?.password ?? ''],
      ['heidi', scene.ad.user('heidi').password],
      ['greta', scene.ad.user('greta').password],
      ['kofi', scene.ad.user('kofi').password],
    ];
    for (const [login, password] of cases) {
      const began = performance.now();
      const refusal = await scene.ask('login', {}, { login, password }).catch((error: Fault) => error);
      expect(refusal, login).toMatchObject({
        code: 'login.refused',
        status: 401,
        message: 'This name and password do not fit together, or the account may not sign in.',
      });
      const ms = performance.now() - began;
      expect(ms, login).toBeGreaterThan(395);
      expect(ms, login).toBeLessThan(3_000);
    }
    const { rows } = await scene.db.sql.query<{ reason: string }>(
      `SELECT DISTINCT detail->>'reason' AS reason FROM audit_event WHERE event = 'session.refused'`,
    );
    expect(rows.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['unknown', 'bind-52e', 'disabled', 'expired', 'locked', 'bind-773']),
    );
  });

  it('refuses an account that AD disabled, before we heard of it', async () => {
    await scene.service.stop();
    await scene.ad.setDisabled('bob', true);
    expect(await signIn('bob', scene.ad.user('bob').password)).toBe('login.refused');
    await scene.ad.setDisabled('bob', false);
    expect(await signIn('bob', scene.ad.user('bob').password)).toBe('bob');
    await scene.service.start();
  });
});

describe('wrong passwords', () => {
  it('are passed on at most three times where the fifth would lock, from however many addresses (SECURITY 38)', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => signIn('carol', `wrong-${n}`, `10.1.0.${n}`)));
    expect(answers.filter((answer) => answer === 'login.refused')).toHaveLength(3);
    expect(answers.filter((answer) => answer === 'login.throttled')).toHaveLength(17);
    expect(await signIn('CORP\\carol', scene.ad.user('carol').password)).toBe('login.throttled');
    expect(await stateOf('carol')).toBe('enabled');
    await scene.db.sql.query(`UPDATE login_attempt SET at = at - interval '31 minutes'`);
    expect(await signIn('carol', scene.ad.user('carol').password)).toBe('carol');
  });

  it('are forgotten at a success, as AD forgets them', async () => {
    for (let round = 0; round < 3; round++) {
      expect(await signIn('erin', 'wrong')).toBe('login.refused');
      expect(await signIn('erin', 'wrong')).toBe('login.refused');
      expect(await signIn('erin', scene.ad.user('erin').password)).toBe('erin');
    }
  });

  it('for a name that means nobody are throttled just the same', async () => {
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await signIn('no.such.name', 'x', `10.2.0.${n}`));
    expect(answers).toEqual(['login.refused', 'login.refused', 'login.refused', 'login.throttled']);
  });

  it('for many names from one address are throttled by the address', async () => {
    await scene.db.sql.query(`INSERT INTO login_attempt (bucket) SELECT 'address:10.9.9.9' FROM generate_series(1, 60)`);
    expect(await signIn('alice', scene.ad.user('alice').password, '10.9.9.9')).toBe('login.throttled');
    expect(await signIn('alice', scene.ad.user('alice').password, '10.9.9.8')).toBe('alice');
  });
});

describe('while the directory is out of reach', () => {
  it('says so within five seconds, whether it is gone or silent, and takes no try away (F1, F2)', async () => {
    const { ad } = scene;
    for (const [stop, go] of [
      [async () => ad.pause(), async () => ad.resume()],
      [() => ad.down(), () => ad.up()],
    ] as const) {
      await stop();
      const began = performance.now();
      expect(await signIn('alice', ad.user('alice').password)).toBe('login.directory-down');
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(await tries()).toBe(0);
      await go();
    }
  }, 60_000);
});
