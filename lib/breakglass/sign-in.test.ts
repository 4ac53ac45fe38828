import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { breakGlassScene, codeAt, presentStep, type Scene, wrongPassword } from './testing.ts';
import { budgets } from './throttle.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await breakGlassScene();
});
afterAll(() => scene?.close());
beforeEach(() => scene.begin());

describe('coming in', () => {
  test('takes name, password and code, asks no directory, and is loud: audit, alert, log, and a change that the doors count', async () => {
    await scene.portal.db.sql.query(`UPDATE directory SET state = 'unreachable'`);
    const { rows: before } = await scene.portal.db.sql.query<{ seq: string }>('SELECT seq FROM change_counter');
    const { made, cookie } = await scene.comeIn();
    expect((await scene.call('GET', '/me', { headers: { cookie } })).body).toMatchObject({
      person: { id: made.id, displayName: 'glass-one', upn: null },
      powers: { admin: true, auditor: true },
      via: 'break-glass',
      ownsProjects: false,
    });
    expect((await scene.now()).alerts).toMatchObject([{ kind: 'used', account: 'glass-one', times: 1, address: '192.0.2.10' }]);
    expect(await scene.events()).toContainEqual(
      expect.objectContaining({ event: 'break-glass.used', actor_kind: 'break-glass', actor_name: 'glass-one' }),
    );
    expect(scene.said).toContainEqual(expect.objectContaining({ account: 'glass-one', address: '192.0.2.10' }));
    const { rows: changes } = await scene.portal.db.sql.query(
      `SELECT key FROM change WHERE topic = 'break-glass' AND seq > $1 AND key LIKE '%:%'`,
      [before[0]?.seq],
    );
    expect(changes).toEqual([{ key: `used:${made.id}` }]);
    await scene.portal.db.sql.query(`UPDATE directory SET state = 'following'`);
  });

  test('stands on the overview of everybody who administers until one of them acknowledges it', async () => {
    const attention = async () => {
      const { body } = await scene.call('GET', '/overview', { headers: scene.carol });
      return (body as { attention: { level: string; text: string }[] }).attention.filter(({ text }) => /break-glass/i.test(text));
    };
    expect(await attention()).toMatchObject([{ level: 'warning', text: expect.stringContaining('not set up yet') }]);
    const { made } = await scene.comeIn();
    await scene.enrol('glass-two');
    await scene.signIn({ ...made, code: '000000' });
    expect(await attention()).toMatchObject([
      { level: 'problem', text: 'The break-glass account glass-one was used from 192.0.2.10. Acknowledge it once you know by whom.' },
      { level: 'warning', text: 'Break-glass refused a try at glass-one, the last from 192.0.2.10.' },
      { level: 'warning', text: 'The break-glass account glass-one was used: make it anew.' },
    ]);
    for (const { id } of (await scene.now()).alerts)
      expect((await scene.call('POST', `/break-glass/alerts/${id}/acknowledge`, { headers: scene.carol, body: {} })).status).toBe(200);
    expect(await attention()).toMatchObject([{ text: expect.stringContaining('make it anew') }]);
  });

  test('is refused in one answer, whatever is wrong: an unknown name, a wrong password, a wrong code, a code of long ago', async () => {
    const made = await scene.enrol('glass-one');
    const code = scene.freshCode(made);
    const answers = [];
    for (const typed of [
      { name: 'glass-nobody', password: made.password, code },
      { name: 'glass-one', password: wrongPassword, code },
      { name: 'glass-one', password: made.password, code: '000000' },
      { name: 'glass-one', password: made.password, code: codeAt(made.oneTimeSecret, presentStep() - 10) },
      { name: `glass-one' OR '1'='1`, password: made.password, code },
    ]) {
      const { status, body, headers } = await scene.call('POST', '/break-glass/session', { body: typed });
      const { requestId: _, ...error } = (body as { error: { requestId: string } }).error;
      answers.push(JSON.stringify({ status, error, cookie: headers.get('set-cookie') }));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('401');
    const reasons = (await scene.events()).filter(({ event }) => event === 'break-glass.refused').map(({ detail }) => detail.reason);
    expect(reasons.slice(-5)).toEqual(['no such account', 'wrong password', 'wrong code', 'wrong code', 'no such account']);
    expect((await scene.now()).alerts.map(({ account, times }) => [account, times]).sort()).toEqual([
      [null, 2],
      ['glass-one', 3],
    ]);
    expect(scene.said).toHaveLength(5);
  });

  test('is refused on a beat, however much had to be looked at', async () => {
    const made = await scene.enrol('glass-one');
    const beatMs = 1_500;
    const took = async (name: string, password: string) => {
      const began = performance.now();
      await expect(scene.tryOnBeat(beatMs, { name, password, code: '000000' })).rejects.toMatchObject({ code: 'break-glass.refused' });
      return performance.now() - began;
    };
    const times = await Promise.all([
      took('glass-one', made.password),
      took('glass-one', wrongPassword),
      took('glass-nobody', wrongPassword),
    ]);
    for (const time of times) expect(time).toBeGreaterThan(beatMs - 20);
  });

  test.each([
    ['no password', { password: '' }],
    ['a password that is no text', { password: { not: '' } }],
    ['a field that nobody asked for', { admin: true }],
    ['a name without end', { name: 'x'.repeat(5_000) }],
  ])('with %s is not even asked of the worker', async (_, change) => {
    const made = { name: 'glass-one', password: wrongPassword, code: '123456' };
    expect((await scene.call('POST', '/break-glass/session', { body: { ...made, ...change } })).status).toBe(400);
    expect(scene.said).toEqual([]);
  });

  test('takes each code once, also when two workers are shown it at the same moment', async () => {
    const before = presentStep();
    const made = await scene.enrol('glass-one');
    const typed = { ...made, code: scene.freshCode(made) };
    const { name, password, code } = typed;
    const outcomes = await Promise.all([1, 2, 3].map(() => scene.signIn({ name, password, code })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect((await scene.signIn({ name, password, code })).code).toBe('break-glass.refused');
    const earlier = { name, password, code: codeAt(made.oneTimeSecret, before) };
    expect((await scene.signIn(earlier)).code).toBe('break-glass.refused');
    const { rows } = await scene.portal.db.sql.query('SELECT id FROM break_glass_session');
    expect(rows).toHaveLength(1);
  });

  test('makes a hash of older parameters anew', async () => {
    const made = await scene.enrol('glass-one');
    const sealedNow = async () =>
      (await scene.portal.db.sql.query<{ sealed: Buffer }>('SELECT sealed FROM break_glass_verifier')).rows[0]?.sealed;
    await scene.weaken(made);
    const before = await sealedNow();
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).status).toBe(200);
    expect(await sealedNow()).not.toEqual(before);
    await scene.timePasses(made);
    expect((await scene.signIn({ ...made, code: scene.freshCode(made) })).status).toBe(200);
  });
});

describe('tries', () => {
  const from = async (address: string, typed: { name: string; password: string; code: string }) =>
    (await scene.signIn(typed, address)).code;

  test('are counted in Postgres for all workers, for the name from that place, and forgotten after a quarter of an hour (SECURITY 39)', async () => {
    const made = await scene.enrol('glass-one');
    for (let n = 0; n < budgets.nameFromAddress; n += 1)
      expect(await from('192.0.2.66', { name: 'glass-one', password: wrongPassword, code: '000000' })).toBe('break-glass.refused');
    const right = { ...made, code: scene.freshCode(made) };
    expect(await from('192.0.2.66', right)).toBe('break-glass.throttled');
    expect(await from('192.0.2.67', { ...right, password: wrongPassword })).toBe('break-glass.refused');
    await scene.portal.db.sql.query(`UPDATE login_attempt SET at = at - interval '16 minutes'`);
    expect(await from('192.0.2.66', right)).toBe(null);
  });

  test('that are turned away do not make the wait longer', async () => {
    for (let n = 0; n < budgets.nameFromAddress; n += 1)
      await from('192.0.2.66', { name: 'glass-none', password: wrongPassword, code: '000000' });
    const counted = async () => (await scene.portal.db.sql.query('SELECT id FROM login_attempt')).rowCount;
    const before = await counted();
    for (let n = 0; n < 5; n += 1)
      expect(await from('192.0.2.66', { name: 'glass-none', password: wrongPassword, code: '000000' })).toBe('break-glass.throttled');
    expect(await counted()).toBe(before);
  });

  test('at a name from all over the world hold nobody up who sits at the machine, and end by themselves', async () => {
    const made = await scene.enrol('glass-one');
    await from('192.0.2.1', { name: 'glass-one', password: wrongPassword, code: '000000' });
    const { rows } = await scene.portal.db.sql.query<{ bucket: string }>(
      `SELECT bucket FROM login_attempt WHERE bucket LIKE 'break-glass:name:%'`,
    );
    await scene.portal.db.sql.query('INSERT INTO login_attempt (bucket) SELECT $1 FROM generate_series(1, $2::int)', [
      rows[0]?.bucket,
      budgets.name,
    ]);
    const right = { ...made, code: scene.freshCode(made) };
    expect(await from('198.51.100.1', right)).toBe('break-glass.throttled');
    expect(await from('127.0.0.1', right)).toBe(null);
  });
});
