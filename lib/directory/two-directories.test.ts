/** Two domains that know nothing of each other, connected at once: who is who, whose group holds whom, and what one's trouble is to the other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '#e2e/stack/progress.ts';
import { type Lab, startLab } from '#e2e/stack/samba-lab.ts';
import { createWarden, type Warden } from '#e2e/stack/warden.ts';
import type { Fault } from '#lib/errors/fault.ts';
import { unknownMembers } from './people/data.ts';
import { eventually } from './testing/eventually.ts';
import { followedDirectoryScene, type Scene } from './testing/scene.ts';

let scene: Scene;
let lab: Lab;
let warden: Warden;
let labId: string;
const place = mkdtempSync(join(tmpdir(), 'gatehouse-two-'));

const rowsOf = async <Row extends object>(sql: string, ...values: unknown[]) => (await scene.db.sql.query<Row>(sql, values)).rows;

async function connectLab(): Promise<string> {
  const input = { urls: [lab.url], serverName: lab.serverName, caPem: lab.caPem, bindDn: lab.followerDn };
  const { directoryId } = (await scene.ask('directory.connect', input, { password: lab.followerPassword })) as { directoryId: string };
  return directoryId;
}

beforeAll(async () => {
  scene = await followedDirectoryScene();
  warden = await createWarden();
  lab = await startLab({ directory: join(place, 'lab'), warden, progress: silentProgress });
  labId = await connectLab();
}, 120_000);
afterAll(async () => {
  await scene?.close();
  await lab?.stop();
  await warden?.close();
  rmSync(place, { recursive: true, force: true });
});
beforeEach(async () => {
  await scene.db.sql.query('DELETE FROM login_attempt');
});

async function signIn(login: string, password: string): Promise<string> {
  try {
    const { personId } = (await scene.ask('login', { address: '10.0.0.1' }, { login, password })) as { personId: string };
    const [row] = await rowsOf<{ upn: string }>('SELECT upn FROM person WHERE id = $1', personId);
    return row?.upn ?? 'nobody';
  } catch (error) {
    return (error as Fault).code;
  }
}

async function personOf(upn: string) {
  const [row] = await rowsOf<{ id: string; sid: string; state: string; directory_id: string }>(
    'SELECT id, sid, state, directory_id FROM person WHERE upn = $1 ORDER BY deleted_at NULLS FIRST',
    upn,
  );
  if (!row) throw new Error(`nobody is ${upn}`);
  return row;
}

const sidOfGroup = async (name: string) =>
  (await rowsOf<{ sid: string }>('SELECT sid FROM directory_group WHERE sam_account_name = $1 AND deleted_at IS NULL', name))[0]?.sid ?? '';

/** UPNs of everybody in it, also by way of other groups. */
async function everybodyIn(name: string): Promise<string[]> {
  const rows = await rowsOf<{ upn: string }>(
    `WITH RECURSIVE inside(id) AS (
       SELECT member_id FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE g.sam_account_name = $1 AND g.deleted_at IS NULL
       UNION SELECT m.member_id FROM membership m JOIN inside i ON m.group_id = i.id)
     SELECT p.upn FROM inside JOIN person p USING (id) WHERE p.deleted_at IS NULL AND p.upn IS NOT NULL ORDER BY 1`,
    name,
  );
  return rows.map(({ upn }) => upn);
}

const hold = async (personId: string, name: string) => {
  await scene.db.sql.query(
    `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ($1, 'kubeconfig', $2, $1, $3, now() + interval '1 day')`,
    [`c-${name}`, personId, Buffer.from(name)],
  );
  await scene.db.sql.query(
    `INSERT INTO portal_session (id, secret_hash, person_id, expires_at) VALUES ($1, $3, $2, now() + interval '8 hours')`,
    [`s-${name}`, personId, Buffer.from(name)],
  );
};
const heldBy = async (name: string) =>
  (
    await rowsOf<{ credential: boolean; session: boolean }>(
      `SELECT (SELECT revoked_at IS NULL FROM credential WHERE id = 'c-' || $1) AS credential,
        (SELECT ended_at IS NULL FROM portal_session WHERE id = 's-' || $1) AS session`,
      name,
    )
  )[0];

describe('the same name in two directories', () => {
  it('is two people, each with their own password, by UPN and by DOMAIN\\name (SECURITY 32)', async () => {
    const corp = scene.ad.user('alice');
    const other = lab.user('alice');
    expect((await personOf('alice@corp.example')).id).not.toBe((await personOf('alice@lab.example')).id);
    for (const login of ['alice@corp.example', 'CORP\\alice']) expect(await signIn(login, corp.password)).toBe('alice@corp.example');
    for (const login of ['alice@lab.example', 'lab\\ALICE']) expect(await signIn(login, other.password)).toBe('alice@lab.example');
    expect(await signIn('LAB\\alice', corp.password)).toBe('login.refused');
    expect(await signIn('CORP\\alice', other.password)).toBe('login.refused');
  });

  it('alone means neither of them: nothing is guessed, and neither one’s budget is touched (SECURITY 32, 38)', async () => {
    expect(await signIn('alice', scene.ad.user('alice').password)).toBe('login.refused');
    expect(await signIn('alice', lab.user('alice').password)).toBe('login.refused');
    const buckets = await rowsOf<{ bucket: string }>(`SELECT DISTINCT bucket FROM login_attempt WHERE bucket NOT LIKE 'address:%'`);
    expect(buckets.map(({ bucket }) => bucket.split(':')[0])).toEqual(['name']);
  });

  it('that nobody has is counted as if somebody had it: bare and with its domain it is one, in one of the two (SECURITY 31, 38)', async () => {
    for (const login of ['nobody-one', 'nobody-two', 'nobody-three']) {
      const bare = await Promise.all([1, 2, 3].map((n) => signIn(login, `wrong-${n}`)));
      expect(bare).toEqual(Array(3).fill('login.refused'));
      const [corp, other] = await Promise.all([`CORP\\${login}`, `LAB\\${login}`].map((one) => signIn(one, 'wrong')));
      expect([corp, other].sort()).toEqual(['login.refused', 'login.throttled']);
    }
  });

  it('does not stand in the way of names that only one of them has', async () => {
    expect(await signIn('lena', lab.user('lena').password)).toBe('lena@lab.example');
    expect(await signIn('bob', scene.ad.user('bob').password)).toBe('bob@corp.example');
  });
});

describe('a group that holds somebody of the other directory', () => {
  const foreign = (sid: string) => `<SID=${sid}>`;
  const principal = (sid: string) => `CN=${sid},CN=ForeignSecurityPrincipals,${scene.ad.baseDn}`;
  const told = () =>
    rowsOf<{ sid: string }>(
      `SELECT f.sid FROM foreign_member f JOIN directory_group g ON g.id = f.group_id WHERE g.sam_account_name = 'auditors' ORDER BY 1`,
    );

  it('gives that person what it gives, and takes it away with a receipt (SECURITY 35, 42)', async () => {
    const { ad, db } = scene;
    const lena = await personOf('lena@lab.example');
    await db.sql.query(`
      INSERT INTO role (id, name, title, grantable_on, rules) VALUES ('r-any', 'any', 'Any', '{all}', '[]');
      INSERT INTO scope (id, kind, canonical) VALUES ('sc-all', 'all', 'all');
      INSERT INTO binding (id, role_id, scope_id, subject_kind, subject_id)
        SELECT 'b-1', 'r-any', 'sc-all', 'group', id FROM directory_group WHERE sam_account_name = 'auditors'`);
    await ad.addMember(ad.groups.auditors, foreign(lena.sid));
    await eventually(async () => (await everybodyIn('auditors')).includes('lena@lab.example'));
    await ad.removeMember(ad.groups.auditors, principal(lena.sid));
    await eventually(async () => !(await everybodyIn('auditors')).includes('lena@lab.example'));
    expect(await rowsOf('SELECT reason FROM revocation WHERE person_id = $1', lena.id)).toEqual([{ reason: 'left the group auditors' }]);
    const events = await rowsOf<{ event: string }>('SELECT event FROM audit_event WHERE subject_id = $1 ORDER BY at, id', lena.id);
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['membership.added', 'membership.removed']));
    expect(await told()).toEqual([]);
  });

  it('may hold a whole group of it', async () => {
    const { ad } = scene;
    const team = await sidOfGroup('lab-team');
    await ad.addMember(ad.groups.auditors, foreign(team));
    await eventually(async () => (await everybodyIn('auditors')).includes('lena@lab.example'));
    expect(await everybodyIn('auditors')).toEqual(['alice@lab.example', 'erin@corp.example', 'lena@lab.example']);
    await lab.addMember(lab.teamDn, lab.user('tomas').dn);
    await eventually(async () => (await everybodyIn('auditors')).includes('tomas@lab.example'));
    await lab.removeMember(lab.teamDn, lab.user('tomas').dn);
    await eventually(async () => !(await everybodyIn('auditors')).includes('tomas@lab.example'));
    await ad.removeMember(ad.groups.auditors, principal(team));
    await eventually(async () => (await everybodyIn('auditors')).length === 1);
  });

  it('shows whom nobody knows, and counts them for nobody (SECURITY 35)', async () => {
    const { ad } = scene;
    const unknown = 'S-1-5-21-11-22-33-1104';
    await ad.addMember(ad.groups.auditors, foreign(unknown));
    await eventually(async () => (await told()).length === 1);
    expect(await told()).toEqual([{ sid: unknown }]);
    const [auditors] = await rowsOf<{ id: string }>(`SELECT id FROM directory_group WHERE sam_account_name = 'auditors'`);
    expect(await unknownMembers(scene.db, auditors?.id ?? '')).toEqual([unknown]);
    expect(await everybodyIn('auditors')).toEqual(['erin@corp.example']);
    // Nor does a directory that claims another domain's SID for one of its own get anything by it.
    await scene.db.sql.query(`UPDATE person SET sid = $1 WHERE upn = 'tomas@lab.example'`, [unknown]);
    await ad.removeMember(ad.groups.auditors, principal(unknown));
    await eventually(async () => (await told()).length === 0);
    await ad.addMember(ad.groups.auditors, principal(unknown));
    await eventually(async () => (await told()).length === 1);
    expect(await everybodyIn('auditors')).toEqual(['erin@corp.example']);
    await ad.removeMember(ad.groups.auditors, principal(unknown));
    await eventually(async () => (await told()).length === 0);
  });

  it('is the same after a complete read, and nobody in it differs from what the directory says (SECURITY 35)', async () => {
    const { ad } = scene;
    const lena = await personOf('lena@lab.example');
    await ad.addMember(ad.groups.auditors, foreign(lena.sid));
    await eventually(async () => (await everybodyIn('auditors')).includes('lena@lab.example'));
    const added = () => rowsOf(`SELECT 1 FROM audit_event WHERE event = 'membership.added' AND subject_id = $1`, lena.id);
    const before = (await added()).length;
    const [corp] = await rowsOf<{ id: string; n: number }>(
      `SELECT d.id, (SELECT count(*)::integer FROM audit_event WHERE event = 'directory.read' AND subject_id = d.id) AS n FROM directory d WHERE domain = 'corp.example'`,
    );
    scene.service.readAgain(corp?.id ?? '', { removalsApproved: false });
    await eventually(
      async () =>
        (await rowsOf(`SELECT 1 FROM audit_event WHERE event = 'directory.read' AND subject_id = $1`, corp?.id)).length > (corp?.n ?? 0),
      30_000,
    );
    expect(await everybodyIn('auditors')).toContain('lena@lab.example');
    expect((await added()).length).toBe(before);
    expect(await signIn('lena', lab.user('lena').password)).toBe('lena@lab.example');
    expect(await rowsOf(`SELECT 1 FROM audit_event WHERE event = 'membership.differed'`)).toEqual([]);
  });
});

describe('a directory out of reach', () => {
  const freshness = async () =>
    Object.fromEntries(
      (
        await rowsOf<{ domain: string; at: Date }>(
          'SELECT d.domain, max(c.fresh_at) AS at FROM directory d JOIN domain_controller c ON c.directory_id = d.id GROUP BY 1',
        )
      ).map(({ domain, at }) => [domain, at.getTime()]),
    );
  const stateOf = async (id: string) => (await rowsOf<{ state: string }>('SELECT state FROM directory WHERE id = $1', id))[0]?.state;

  it('is nothing to the other: that one stays fresh, follows, and lets its people in (F1)', async () => {
    await lab.down();
    try {
      await eventually(async () => (await stateOf(labId)) === 'unreachable', 30_000);
      const then = await freshness();
      await scene.ad.setDisabled('frank', true);
      await eventually(async () => (await personOf('frank@corp.example')).state === 'disabled');
      await eventually(async () => ((await freshness())['corp.example'] ?? 0) > (then['corp.example'] ?? 0));
      expect((await freshness())['lab.example']).toBe(then['lab.example']);
      expect(await signIn('bob', scene.ad.user('bob').password)).toBe('bob@corp.example');
      expect(await signIn('lena', lab.user('lena').password)).toBe('login.directory-down');
      expect((await personOf('lena@lab.example')).state).toBe('enabled');
    } finally {
      await lab.up();
    }
    await eventually(async () => (await stateOf(labId)) === 'following', 30_000);
  }, 90_000);
});

describe('a directory that is disconnected', () => {
  it('leaves nobody behind: what its people held is over, and the other’s people notice nothing (SECURITY 41)', async () => {
    const [lena, bob] = [await personOf('lena@lab.example'), await personOf('bob@corp.example')];
    await hold(lena.id, 'lena');
    await hold(bob.id, 'bob');
    expect(await scene.ask('directory.disconnect', { directoryId: labId })).toMatchObject({
      domain: 'lab.example',
      groups: expect.any(Number),
    });
    expect((await personOf('lena@lab.example')).state).toBe('deleted');
    expect(await heldBy('lena')).toEqual({ credential: false, session: false });
    expect(await heldBy('bob')).toEqual({ credential: true, session: true });
    expect(await rowsOf(`SELECT reason FROM revocation WHERE person_id = $1 AND kind = 'person'`, lena.id)).toEqual([
      { reason: 'directory disconnected' },
    ]);
    expect(await everybodyIn('auditors')).toEqual(['erin@corp.example']);
    expect(await signIn('lena', lab.user('lena').password)).toBe('login.refused');
    expect(await signIn('alice', scene.ad.user('alice').password)).toBe('alice@corp.example');
    expect(await rowsOf('SELECT 1 FROM directory_secret WHERE directory_id = $1', labId)).toEqual([]);
    await expect(scene.ask('directory.read', { directoryId: labId })).rejects.toMatchObject({ code: 'directory.unknown' });
  });

  it('and connected again is the same one: the same people, what is over stays over, and its groups’ members are known again (SECURITY 44)', async () => {
    const before = await personOf('lena@lab.example');
    expect(await connectLab()).toBe(labId);
    const after = await personOf('lena@lab.example');
    expect(after).toMatchObject({ id: before.id, state: 'enabled' });
    expect(await heldBy('lena')).toEqual({ credential: false, session: false });
    expect(await signIn('lena', lab.user('lena').password)).toBe('lena@lab.example');
    expect(await everybodyIn('lab-team')).toEqual(['alice@lab.example', 'lena@lab.example']);
    // The other directory's group held her all the time.
    expect(await everybodyIn('auditors')).toEqual(['erin@corp.example', 'lena@lab.example']);
    expect(await signIn('alice', scene.ad.user('alice').password)).toBe('login.refused');
  });
});
