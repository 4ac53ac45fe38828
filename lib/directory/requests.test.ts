import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '#lib/errors/fault.ts';
import { eventually } from './testing/eventually.ts';
import { directoryScene, type Scene } from './testing/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await directoryScene();
  await scene.service.start();
});

afterAll(async () => {
  await scene?.close();
});

async function faultOf(work: Promise<unknown>): Promise<Pick<Fault, 'code' | 'status' | 'message'>> {
  try {
    await work;
  } catch (error) {
    const { code, status, message } = error as Fault;
    return { code, status, message };
  }
  throw new Error('it was not refused');
}

const nothingIsKept = async () => {
  const { rows } = await scene.db.sql.query(
    `SELECT 1 FROM directory UNION ALL SELECT 1 FROM forest UNION ALL SELECT 1 FROM directory_secret UNION ALL SELECT 1 FROM person`,
  );
  expect(rows).toEqual([]);
};

describe('settings that cannot work', () => {
  it.each([
    [
      'an address where nobody answers',
      { urls: ['ldaps://127.0.0.1:9'] },
      {},
      'directory.unreachable',
      /No domain controller answers at ldaps:\/\/127\.0\.0\.1:9/,
    ],
    ['a wrong password', {}, { password: 'not-it' }, 'directory.bind-refused', /refused the sync account or its password/],
    ['a base of another domain', { baseDn: 'DC=other,DC=example' }, {}, 'directory.wrong-base', /holds DC=corp,DC=example/],
    [
      'a base that does not exist',
      { baseDn: 'OU=Nowhere,DC=corp,DC=example' },
      {},
      'directory.wrong-base',
      /OU=Nowhere,DC=corp,DC=example does not exist/,
    ],
    ['a certificate for another name', { serverName: 'dc9.corp.example' }, {}, 'directory.certificate', /made out to another name/],
    ['a certificate of another authority', { caPem: undefined }, {}, 'directory.certificate', /not signed by the given authority/],
    [
      'a base without a single account',
      { baseDn: 'OU=Groups,DC=corp,DC=example' },
      {},
      'directory.empty',
      /shows no account below OU=Groups/,
    ],
    ['no password', {}, { password: '' }, 'directory.bad-input', /Enter the sync account’s password/],
    ['something that is no address', { urls: ['https://dc1'] }, {}, 'directory.bad-input', /Enter the address like ldaps:/],
    ['something that is no certificate', { caPem: 'hello' }, {}, 'directory.bad-input', /PEM form/],
  ])('%s: one sentence, and nothing is kept (SECURITY 29, F9)', async (_, input, secret, code, sentence) => {
    const good = scene.settings();
    for (const kind of ['directory.test', 'directory.connect']) {
      const refusal = await faultOf(scene.ask(kind, { ...good.input, ...input }, { ...good.secret, ...secret }));
      expect(refusal.code).toBe(code);
      expect(refusal.message).toMatch(sentence);
      expect(refusal.message).not.toContain(good.secret.password);
    }
    await nothingIsKept();
  });

  it('a plain connection is secured by StartTLS before anything is said (F9)', async () => {
    const { input, secret } = scene.settings();
    const findings = await scene.ask(
      'directory.test',
      { ...input, urls: [scene.ad.url.replace('ldaps:', 'ldap:').replace(':636', '')] },
      secret,
    );
    expect(findings).toMatchObject({ domain: 'corp.example' });
    expect(
      await faultOf(
        scene.ask(
          'directory.test',
          { ...input, urls: [scene.ad.url.replace('ldaps:', 'ldap:').replace(':636', '')], caPem: undefined },
          secret,
        ),
      ),
    ).toMatchObject({
      code: 'directory.certificate',
    });
  });
});

describe('a test of the settings', () => {
  it('tells what is there, and what the account may not see', async () => {
    const { input, secret } = scene.settings({ seesDeleted: false });
    const findings = (await scene.ask('directory.test', input, secret)) as Record<string, unknown>;
    expect(findings).toMatchObject({
      domain: 'corp.example',
      netbios: 'CORP',
      forest: 'corp.example',
      baseDn: 'DC=corp,DC=example',
      lockoutThreshold: 5,
    });
    expect(findings.people).toBeGreaterThan(295);
    expect(findings.groups).toBeGreaterThan(40);
    expect(findings.samplePeople).toHaveLength(5);
    expect(findings.missingRights).toMatchObject([{ right: 'Replicating Directory Changes' }]);
    const able = scene.settings();
    expect(((await scene.ask('directory.test', able.input, able.secret)) as { hints: string[] }).hints).toEqual([]);
    await nothingIsKept();
  });
});

describe('a directory whose sync account sees no tombstones', () => {
  it('connects, and notices a deletion all the same', async () => {
    const { input, secret } = scene.settings({ seesDeleted: false });
    await scene.ask('directory.connect', input, secret);
    expect(await faultOf(scene.ask('directory.connect', input, secret))).toMatchObject({ code: 'directory.known', status: 409 });
    const person = async (login: string) =>
      (await scene.db.sql.query<{ id: string; state: string }>('SELECT id, state FROM person WHERE sam_account_name = $1', [login]))
        .rows[0];
    const living = await person('dave');
    await scene.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('c-dave', 'kubeconfig', $1, 'laptop', 'd', now() + interval '1 day')`,
      [living?.id],
    );
    await scene.ad.deleteUser('dave');
    // 15 s is the promise; the looks are spaced by how long they take, so a busy machine needs more.
    await eventually(async () => (await person('dave'))?.state === 'deleted', 45_000);
    await scene.ad.deleteUser('frank');
    await eventually(async () => (await person('frank'))?.state === 'deleted', 60_000);
    const edges = `SELECT 1 FROM membership m JOIN person p ON p.id = m.member_id WHERE p.sam_account_name IN ('dave', 'frank')`;
    await eventually(async () => (await scene.db.sql.query(edges)).rows.length === 0);
  }, 150_000);

  it('takes a changed scope and a changed password without a restart, and refuses what would not work', async () => {
    const { ad, db } = scene;
    const { input, secret } = scene.settings({ seesDeleted: false });
    const { rows } = await db.sql.query<{ id: string }>('SELECT id FROM directory');
    const directoryId = rows[0]?.id ?? '';
    const scopeDns = ['OU=People', 'OU=Contractors', 'OU=Service', 'CN=Users'].map((unit) => `${unit},${ad.baseDn}`);
    expect(await faultOf(scene.ask('directory.update', { ...input, directoryId }, { password: 'not-it' }))).toMatchObject({
      code: 'directory.bind-refused',
    });
    await scene.ask('directory.update', { ...input, directoryId, scopeDns }, undefined);
    scene.service.onChanges([{ seq: 1n, topic: 'directory', key: directoryId }]);
    const outside = `SELECT DISTINCT state FROM person WHERE dn LIKE '%OU=Leavers%'`;
    await eventually(async () => JSON.stringify((await db.sql.query(outside)).rows) === JSON.stringify([{ state: 'out-of-scope' }]));
    await ad.setPassword('svc-gatehouse', 'Another-good-9');
    await scene.ask('directory.update', { ...input, directoryId, scopeDns: [] }, { password: 'Another-good-9' });
    scene.service.onChanges([{ seq: 2n, topic: 'directory', key: directoryId }]);
    await eventually(async () => JSON.stringify((await db.sql.query(outside)).rows) === JSON.stringify([{ state: 'disabled' }]));
    await ad.setPassword('svc-gatehouse', secret.password);
    await scene.ask('directory.update', { ...input, directoryId }, secret);
    scene.service.onChanges([{ seq: 3n, topic: 'directory', key: directoryId }]);
  });

  it('shows how fresh it is', async () => {
    const { found } = await eventually(async () => {
      const { rows } = await scene.db.sql.query<{ age: number }>(
        'SELECT extract(epoch FROM now() - fresh_at)::float AS age FROM domain_controller',
      );
      return rows[0] && rows[0].age < 4 ? rows[0] : null;
    }, 12_000);
    expect(found.age).toBeLessThan(4);
  });

  it('holds back when too many vanish at once, until an admin says that it is meant (F7)', async () => {
    const { ad, db } = scene;
    const state = async () =>
      (
        await db.sql.query<{ id: string; state: string; state_detail: string; held: { what: string; whom: { name: string }[] }[] | null }>(
          'SELECT id, state, state_detail, held FROM directory',
        )
      ).rows[0];
    const deleted = async () => (await db.sql.query(`SELECT 1 FROM person WHERE state = 'deleted'`)).rows.length;
    const before = await deleted();
    const many = Object.keys(ad.users)
      .filter((login) => /^[a-z]+\.[a-z]+$/.test(login))
      .slice(0, 25);
    // While nobody looks, so that all of them are found missing at once, however slow the machine.
    await scene.service.stop();
    for (const login of many) await ad.deleteUser(login);
    await scene.service.start();
    const { found } = await eventually(async () => ((await state())?.state === 'held' ? await state() : null), 60_000);
    expect(found.state_detail).toMatch(/suddenly seems to lack \d+ of \d+ people/);
    const people = found.held?.find(({ what }) => what === 'people')?.whom.map(({ name }) => name) ?? [];
    expect(people).toHaveLength(many.length);
    expect(people).toContain(ad.user(many[0] ?? '').displayName);
    const heldBack = await deleted();
    expect(heldBack - before).toBeLessThan(many.length);
    await scene.ask('directory.approve-removals', { directoryId: found.id });
    await eventually(async () => (await state())?.state === 'following');
    expect((await deleted()) - before).toBe(many.length);
    expect((await state())?.held).toBeNull();
  }, 120_000);
});
