import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '#lib/errors/fault.ts';
import { followedDirectoryScene, type Scene } from '../testing/scene.ts';
import { createPolicy, letPoliciesBeRead } from './testing-policies.ts';

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

  it('knows nobody by a look-alike, a wildcard, a filter, a SASL mechanism, a DN or nothing (SECURITY 30, 31, 32)', async () => {
    const typed: [unknown, string?][] = [
      ['mixedca\u017Fe', 'mixedcase'],
      ['al\u0131ce'],
      ['\u0430lice'],
      ['\uFF41lice'],
      ['al\u200Bice'],
      ['a*'],
      ['x)(|(cn=*'],
      ['\\2a'],
      ['EXTERNAL'],
      ['OTHER\\alice'],
      ['CN=Alice Brandt,OU=Berlin,OU=Engineering,OU=People,DC=corp,DC=example'],
      [''],
      [{ login: 'alice' }],
    ];
    const answers = await Promise.all(typed.map(([login, whose = 'alice']) => signIn(login, scene.ad.user(whose).password)));
    expect(answers).toEqual(typed.map(() => 'login.refused'));
  });

  it('asks nobody whether something that can be none is the password (SECURITY 29)', async () => {
    const noPasswords = ['', '\0', 'right\0', null, undefined, [], {}, 'x'.repeat(1_025)];
    const answers = await Promise.all(noPasswords.map((password) => signIn('alice', password)));
    expect(answers).toEqual(noPasswords.map(() => 'login.refused'));
    expect(await tries()).toBe(0);
  });

  it('gives one answer in one rhythm to unknown, wrong, disabled, expired and locked (SECURITY 31)', async () => {
    const leaver = Object.values(scene.ad.users).find(({ dn }) => dn.includes('OU=Leavers'));
    const cases: [string, string][] = [
      ['nobody-of-that-name', 'whatever'],
      ['bob', 'wrong'],
      [leaver?.login ?? '', leaver?.password ?? ''],
      ['heidi', scene.ad.user('heidi').password],
      ['greta', scene.ad.user('greta').password],
      ['kofi', 'wrong'],
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
    expect(rows.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['unknown', 'bind-52e', 'disabled', 'expired', 'locked']));
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

describe('somebody who knows the password and may not come in', () => {
  const reasons = async () =>
    (
      await scene.db.sql.query<{ reason: string; words: string }>(
        `SELECT detail->>'reason' AS reason, detail->>'words' AS words FROM audit_event WHERE event = 'session.refused' ORDER BY at DESC LIMIT 1`,
      )
    ).rows[0];

  it('is told that it must be changed, and nobody else is; the log has AD’s reason', async () => {
    expect(await signIn('kofi', 'wrong')).toBe('login.refused');
    expect(await reasons()).toEqual({ reason: 'bind-52e', words: 'wrong password' });
    expect(await signIn('kofi', scene.ad.user('kofi').password)).toBe('login.password-expired');
    expect(await reasons()).toEqual({ reason: 'bind-773', words: 'the password must be changed first' });
    // The wrong one counts; the right one was no guess.
    expect(await tries()).toBe(2);
  });
});

describe('an account under a password policy of its own', () => {
  const answersTo = async (login: string, times: number) => {
    // The first tells which policy there is; the rest come at once.
    const first = await signIn(login, 'wrong', '10.3.0.1');
    const rest = await Promise.all(Array.from({ length: times - 1 }, (_, n) => signIn(login, `wrong-${n}`, `10.3.1.${n}`)));
    return [first, ...rest.sort()];
  };
  const policyOf = async (login: string) =>
    (
      await scene.db.sql.query<{ tries: number | null; seconds: number | null }>(
        'SELECT login_budget AS tries, lockout_window_seconds AS seconds FROM person WHERE sam_account_name = $1',
        [login],
      )
    ).rows[0];

  it('has at most five tries, and never more than the domain’s, where we may not (SECURITY 38)', async () => {
    await createPolicy(scene.ad, 'hidden', { 'msDS-LockoutThreshold': '9', 'msDS-PSOAppliesTo': await scene.ad.find('tyamada') });
    expect(await answersTo('tyamada', 4)).toEqual([...Array(3).fill('login.refused'), 'login.throttled']);
    expect(await policyOf('tyamada')).toEqual({ tries: 3, seconds: null });
    const { input, secret } = scene.settings();
    const { hints } = (await scene.ask('directory.test', input, secret)) as { hints: string[] };
    expect(hints.join(' ')).toMatch(
      /password policy of their own, .* dsacls "CN=Password Settings Container,CN=System,DC=corp,DC=example" .*:GR"/,
    );
  });

  it('has the budget of that policy where we may read it: stricter or wider than the domain’s (SECURITY 38)', async () => {
    const { ad } = scene;
    await letPoliciesBeRead(ad);
    await createPolicy(scene.ad, 'strict', { 'msDS-LockoutThreshold': '3', 'msDS-PSOAppliesTo': await ad.find('frank') });
    await createPolicy(scene.ad, 'wide', { 'msDS-LockoutThreshold': '8', 'msDS-PSOAppliesTo': await ad.find('judy') });
    await createPolicy(scene.ad, 'endless', { 'msDS-LockoutThreshold': '0', 'msDS-PSOAppliesTo': await ad.find('zoe') });
    expect(await answersTo('frank', 3)).toEqual(['login.refused', 'login.throttled', 'login.throttled']);
    expect(await policyOf('frank')).toEqual({ tries: 1, seconds: 3_600 });
    expect(await answersTo('judy', 8)).toEqual([...Array(6).fill('login.refused'), ...Array(2).fill('login.throttled')]);
    expect(await policyOf('judy')).toEqual({ tries: 6, seconds: 3_600 });
    expect(await answersTo('zoe', 6)).toEqual([...Array(5).fill('login.refused'), 'login.throttled']);
    for (const login of ['frank', 'judy', 'zoe']) expect(await stateOf(login), login).toBe('enabled');
  });

  it('is under the domain’s again when the policy is taken away', async () => {
    const dn = await createPolicy(scene.ad, 'for-a-while', {
      'msDS-LockoutThreshold': '3',
      'msDS-PSOAppliesTo': await scene.ad.find('oneill'),
    });
    expect(await signIn('oneill', scene.ad.user('oneill').password)).toBe('oneill');
    expect(await policyOf('oneill')).toEqual({ tries: 1, seconds: 3_600 });
    await scene.ad.remove(dn);
    expect(await signIn('oneill', scene.ad.user('oneill').password)).toBe('oneill');
    expect(await policyOf('oneill')).toEqual({ tries: null, seconds: null });
    expect(await answersTo('oneill', 4)).toEqual([...Array(3).fill('login.refused'), 'login.throttled']);
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
