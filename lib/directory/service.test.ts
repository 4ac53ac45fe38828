import { Attribute, Change } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseMode, readTouched, readTouchedSinceUsn } from './follow/changes.ts';
import { openConnection } from './ldap/connection.ts';
import { highestUsn } from './ldap/domain.ts';
import { eventually } from './testing/eventually.ts';
import { followedDirectoryScene, type Scene } from './testing/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await followedDirectoryScene();
});

afterAll(async () => {
  await scene?.close();
});

interface Person {
  id: string;
  state: string;
  upn: string | null;
  wire_name: string;
  dn: string;
  display_name: string;
  object_guid: string;
  deleted_at: Date | null;
}

async function person(login: string): Promise<Person> {
  const { rows } = await scene.db.sql.query<Person>('SELECT * FROM person WHERE lower(sam_account_name) = $1 AND deleted_at IS NULL', [
    login,
  ]);
  if (!rows[0]) throw new Error(`no person ${login}`);
  return rows[0];
}

async function groupId(name: string): Promise<string> {
  const { rows } = await scene.db.sql.query<{ id: string }>(
    'SELECT id FROM directory_group WHERE sam_account_name = $1 AND deleted_at IS NULL',
    [name],
  );
  return rows[0]?.id ?? '';
}

/** Everybody in it, also by way of other groups; a circle ends where it began. */
async function everybodyIn(name: string): Promise<string[]> {
  const { rows } = await scene.db.sql.query<{ login: string }>(
    `WITH RECURSIVE inside(id) AS (
       SELECT member_id FROM membership WHERE group_id = $1
       UNION SELECT m.member_id FROM membership m JOIN inside i ON m.group_id = i.id)
     SELECT p.sam_account_name AS login FROM inside JOIN person p USING (id) WHERE p.deleted_at IS NULL ORDER BY 1`,
    [await groupId(name)],
  );
  return rows.map(({ login }) => login);
}

async function revocationOf(personId: string, reason: string) {
  const { rows } = await scene.db.sql.query<{ id: string; evidence_at: Date; created_at: Date }>(
    'SELECT * FROM revocation WHERE person_id = $1 AND reason = $2',
    [personId, reason],
  );
  return rows[0];
}

async function auditOf(event: string, subjectId: string) {
  const { rows } = await scene.db.sql.query<{ detail: Record<string, unknown> }>(
    'SELECT detail FROM audit_event WHERE event = $1 AND subject_id = $2',
    [event, subjectId],
  );
  return rows;
}

describe('the first complete read', () => {
  it('brings in everybody, with their names as they are', async () => {
    const { rows } = await scene.db.sql.query<{ people: number; groups: number }>(
      `SELECT (SELECT count(*)::integer FROM person) AS people, (SELECT count(*)::integer FROM directory_group) AS groups`,
    );
    expect(rows[0]?.people).toBeGreaterThan(295);
    expect(rows[0]?.groups).toBeGreaterThan(40);
    expect((await person('joerg')).dn).toContain('CN=Müller\\, Jörg');
    expect((await person('tyamada')).dn).toContain('山田 太郎');
    expect(scene.progress.join(' ')).toMatch(/Read \d+ accounts/);
  });

  it('knows disabled, expired and locked accounts as such', async () => {
    expect((await person('heidi')).state).toBe('expired');
    expect((await person('greta')).state).toBe('locked');
    expect((await person('judy')).state).toBe('enabled');
    expect((await person('krbtgt')).state).toBe('disabled');
    const { rows } = await scene.db.sql.query<{ states: string[] }>(
      `SELECT array_agg(DISTINCT state) AS states FROM person WHERE dn LIKE '%OU=Leavers%'`,
    );
    expect(rows[0]?.states).toEqual(['disabled']);
  });

  it('gives the UPN as wire name where it is printable ASCII, and the objectGUID where it is not', async () => {
    expect((await person('alice')).wire_name).toBe('gatehouse:alice@corp.example');
    expect((await person('mixedcase')).wire_name).toBe('gatehouse:max.caesar@corp.example');
    const zoe = await person('zoe');
    expect(zoe.wire_name).toBe(`gatehouse:${zoe.object_guid}`);
    const nohost = await person('nohost');
    expect(nohost.wire_name).toBe(`gatehouse:${nohost.object_guid}`);
  });

  it('has nested, cyclic, primary and distribution groups as AD has them (SECURITY 35)', async () => {
    expect(await everybodyIn('shop-developers')).toContain('alice');
    expect(await everybodyIn('shop-developers')).not.toContain('bob');
    expect(await everybodyIn('guild-research')).toContain('alice');
    expect((await everybodyIn('Domain Users')).length).toBeGreaterThan(290);
    const { rows } = await scene.db.sql.query<{ security: boolean }>(
      `SELECT security FROM directory_group WHERE sam_account_name = 'news-all-hands'`,
    );
    expect(rows).toEqual([{ security: false }]);
  });

  it('wakes the other processes once, not three hundred times', async () => {
    const { rows } = await scene.db.sql.query<{ topic: string; n: number }>(
      `SELECT topic, count(*)::integer AS n FROM change GROUP BY topic`,
    );
    expect(rows.find(({ topic }) => topic === 'directory')?.n ?? 0).toBeLessThan(6);
  });
});

describe('following', () => {
  it('writes a disabled account and its revocation within a second of the change in AD (SECURITY 40)', async () => {
    const times: number[] = [];
    for (const login of ['alice', 'bob', 'dave', 'erin', 'frank']) {
      const { id } = await person(login);
      await scene.ad.setDisabled(login, true);
      const { ms } = await eventually(() => revocationOf(id, 'disabled'));
      times.push(Math.round(ms));
      expect((await person(login)).state).toBe('disabled');
      expect(await auditOf('person.disabled', id)).toHaveLength(1);
    }
    console.log('modify → revocation row, ms:', times.join(' '));
    // The promise holds for a machine that is not busy with something else: the benchmark measures it, here it must hold as a rule.
    expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  it('gives an account that is enabled again its state back, and not what it held before (SECURITY 40)', async () => {
    const { id } = await person('alice');
    await scene.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('c-test', 'kubeconfig', $1, 'laptop', 'x', now() + interval '1 day')`,
      [id],
    );
    await scene.ad.setDisabled('alice', false);
    await eventually(async () => (await person('alice')).state === 'enabled');
    await scene.ad.setDisabled('alice', true);
    await eventually(async () => (await person('alice')).state === 'disabled');
    await scene.ad.setDisabled('alice', false);
    await eventually(async () => (await person('alice')).state === 'enabled');
    const { rows } = await scene.db.sql.query<{ revoke_reason: string }>(
      `SELECT revoke_reason FROM credential WHERE id = 'c-test' AND revoked_at IS NOT NULL`,
    );
    expect(rows).toEqual([{ revoke_reason: 'disabled' }]);
  });

  it('sees a member come and go', async () => {
    const { ad } = scene;
    const frank = await ad.find('frank');
    await ad.addMember(ad.groups.auditors, frank);
    const came = await eventually(async () => (await everybodyIn('auditors')).includes('frank'));
    await ad.removeMember(ad.groups.auditors, frank);
    const went = await eventually(async () => !(await everybodyIn('auditors')).includes('frank'));
    expect(Math.max(came.ms, went.ms)).toBeLessThan(5_000);
    expect(await auditOf('membership.removed', (await person('frank')).id)).toHaveLength(1);
  });

  it('withdraws what a group gave, also through the groups above it, and nothing where no grant hung on it', async () => {
    const { ad, db } = scene;
    const [frank, auditors] = [await person('frank'), await groupId('auditors')];
    const leave = async () => {
      await ad.addMember(ad.groups.auditors, await ad.find('frank'));
      await eventually(async () => (await everybodyIn('auditors')).includes('frank'));
      await ad.removeMember(ad.groups.auditors, await ad.find('frank'));
      await eventually(async () => !(await everybodyIn('auditors')).includes('frank'));
    };
    await leave();
    expect(await revocationOf(frank.id, 'left the group auditors')).toBeUndefined();
    await db.sql.query(`
      INSERT INTO role (id, name, title, grantable_on, rules) VALUES ('r-any', 'any', 'Any', '{all}', '[]');
      INSERT INTO scope (id, kind, canonical) VALUES ('sc-all', 'all', 'all');
      INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
        SELECT 'g-above', forest_id, directory_id, gen_random_uuid(), 'CN=above', 'above', 'above', group_type, true FROM directory_group LIMIT 1;
      INSERT INTO binding (id, role_id, scope_id, subject_kind, subject_id) VALUES ('b-1', 'r-any', 'sc-all', 'group', 'g-above')`);
    await db.sql.query(`INSERT INTO membership (group_id, member_id) VALUES ('g-above', $1)`, [auditors]);
    await leave();
    expect(await revocationOf(frank.id, 'left the group auditors')).toMatchObject({ kind: 'membership' });
    await db.sql.query(
      `DELETE FROM binding; DELETE FROM membership WHERE group_id = 'g-above'; DELETE FROM directory_group WHERE id = 'g-above'`,
    );
  });

  it('keeps a person through a rename and a move (SECURITY 33, F10)', async () => {
    const before = await person('carol');
    const dn = await scene.ad.find('carol');
    await scene.ad.move(dn, dn.replace('CN=Carol Meyer', 'CN=Carol Meyer-Lang').replace('OU=Berlin', 'OU=Lisbon'));
    await scene.ad.modify(await scene.ad.find('carol'), { userPrincipalName: 'carol.lang@corp.example', displayName: 'Carol Meyer-Lang' });
    await eventually(async () => (await person('carol')).upn === 'carol.lang@corp.example');
    const after = await person('carol');
    expect(after.id).toBe(before.id);
    expect(after.wire_name).toBe('gatehouse:carol.lang@corp.example');
    expect(after.dn).toContain('CN=Carol Meyer-Lang,OU=Lisbon');
    expect(await everybodyIn('platform-admins')).toContain('carol');
  });

  it('takes a new account under a deleted one’s names for somebody new (SECURITY 33, F10)', async () => {
    const { ad } = scene;
    const first = await person('erin');
    await ad.deleteUser('erin');
    await eventually(async () => {
      const { rows } = await scene.db.sql.query(`SELECT 1 FROM person WHERE id = $1 AND state = 'deleted'`, [first.id]);
      return rows.length > 0;
    });
    expect(await everybodyIn('auditors')).not.toContain('erin');
    await ad.createUser({ login: 'erin', displayName: 'Erin Sørensen' });
    const { found: second } = await eventually(() => person('erin').catch(() => null));
    expect(second.id).not.toBe(first.id);
    expect(second.wire_name).toBe('gatehouse:erin@corp.example');
    expect(await everybodyIn('auditors')).not.toContain('erin');
    expect(await auditOf('person.name-reused', second.id)).toMatchObject([{ detail: { formerId: first.id, login: 'erin' } }]);
  });

  it('ends the sessions that began before a password change, and those only', async () => {
    const { id } = await person('dave');
    const begin = (session: string, from: string) =>
      scene.db.sql.query(
        `INSERT INTO portal_session (id, secret_hash, person_id, created_at, expires_at)
         VALUES ($1, $2, $3, now() + $4::interval, now() + interval '8 hours')`,
        [session, Buffer.from(session), id, from],
      );
    await begin('s-before', '-1 minute');
    await begin('s-after', '1 minute');
    await scene.ad.setPassword('dave', 'An0ther-Passw0rd!');
    const open = async () =>
      (await scene.db.sql.query<{ id: string }>('SELECT id FROM portal_session WHERE person_id = $1 AND ended_at IS NULL', [id])).rows;
    await eventually(async () => (await open()).length < 2);
    expect(await open()).toEqual([{ id: 's-after' }]);
    expect(await auditOf('session.ended', id)).toMatchObject([{ detail: { reason: 'password changed', sessions: 1 } }]);
  });

  it('cuts a living account when it is deleted (SECURITY 40)', async () => {
    const { id } = await person('judy');
    await scene.ad.deleteUser('judy');
    const { ms } = await eventually(() => revocationOf(id, 'deleted'));
    expect(ms).toBeLessThan(5_000);
  });

  it('cuts an account at the moment its end arrives, though no directory ever says so (SECURITY 40)', async () => {
    const { id, dn } = await person('lzak');
    const end = Date.now() + 3_000;
    await scene.ad.modify(dn, { accountExpires: String(BigInt(end + 11_644_473_600_000) * 10_000n) });
    await eventually(() => revocationOf(id, 'expired'));
    expect(Date.now() - end).toBeLessThan(5_000);
    expect(Date.now()).toBeGreaterThan(end);
  });

  it('refuses an account outside its logon hours, and lets it in again with what it held', async () => {
    const { id, dn } = await person('bob');
    const bobsHours = (byte: number) =>
      scene.ad.modify(dn, [
        new Change({ operation: 'replace', modification: new Attribute({ type: 'logonHours', values: [Buffer.alloc(21, byte)] }) }),
      ]);
    await scene.ad.setDisabled('bob', false);
    await eventually(async () => (await person('bob')).state === 'enabled');
    await bobsHours(0x00);
    await eventually(() => revocationOf(id, 'outside-hours'));
    expect((await person('bob')).state).toBe('outside-hours');
    await bobsHours(0xff);
    await eventually(async () => (await person('bob')).state === 'enabled');
    expect(await auditOf('person.within-hours', id)).toHaveLength(1);
  });

  it('notices by the clock alone that the hours of an account are over, or have begun', async () => {
    const { id } = await person('bob');
    const setHours = (hex: string) => scene.db.sql.query('UPDATE person SET logon_hours = $2 WHERE id = $1', [id, hex]);
    await setHours('00'.repeat(21));
    await eventually(async () => (await person('bob')).state === 'outside-hours');
    await setHours('ff'.repeat(21));
    await eventually(async () => (await person('bob')).state === 'enabled');
  });

  it('follows a user whose primary group changes', async () => {
    const { ad } = scene;
    const dn = await ad.find('bob');
    await ad.addMember(ad.groups.platformAdmins, dn);
    await eventually(async () => (await everybodyIn('platform-admins')).includes('bob'));
    const { rows } = await scene.db.sql.query<{ sid: string }>(
      `SELECT sid FROM directory_group WHERE sam_account_name = 'platform-admins'`,
    );
    const rid = rows[0]?.sid.split('-').at(-1) ?? '';
    await ad.modify(dn, { primaryGroupID: rid });
    await eventually(async () => {
      const edges = await scene.db.sql.query<{ name: string; is_primary: boolean }>(
        `SELECT g.name, m.is_primary FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE m.member_id = $1 AND g.name IN ('platform-admins', 'Domain Users') ORDER BY 1`,
        [(await person('bob')).id],
      );
      return (
        JSON.stringify(edges.rows) ===
        JSON.stringify([
          { name: 'Domain Users', is_primary: false },
          { name: 'platform-admins', is_primary: true },
        ])
      );
    });
  });

  it('learns the same by the poll, where a domain controller refuses DirSync', async () => {
    const { ad } = scene;
    const connection = await openConnection({ url: ad.url, serverName: ad.serverName, caPem: ad.caPem });
    await connection.bind(ad.serviceDn, ad.servicePassword);
    const { mode, cookie } = await chooseMode(connection, ad.baseDn);
    expect(mode).toBe('dirsync');
    const usn = await highestUsn(connection, 1_000);
    await ad.modify(await ad.find('frank'), { title: 'Account Manager, North' });
    const { object_guid } = await person('frank');
    expect((await readTouchedSinceUsn(connection, ad.baseDn, usn)).guids).toContain(object_guid);
    expect((await readTouched(connection, ad.baseDn, 'dirsync', cookie ?? Buffer.alloc(0))).guids).toContain(object_guid);
    connection.close();
  });

  it('takes up where it was after a restart, and misses nothing of what happened meanwhile', async () => {
    await scene.service.stop();
    await scene.ad.createUser({ login: 'meanwhile', displayName: 'Mean While' });
    const reads = async () => (await scene.db.sql.query(`SELECT 1 FROM audit_event WHERE event = 'directory.read'`)).rows.length;
    const before = await reads();
    await scene.service.start();
    await eventually(() => person('meanwhile').catch(() => null));
    expect(await reads()).toBe(before);
  });

  it('cuts once, though two domain controllers show it, and goes on with the other when one is lost (F3, F8)', async () => {
    const { ad, db } = scene;
    const url = ad.url.replace('ldaps:', 'ldap:').replace(':636', ':389');
    await scene.service.stop();
    await db.sql.query(`INSERT INTO domain_controller (id, directory_id, url) SELECT 'dc-second', id, $1 FROM directory`, [url]);
    await scene.service.start();
    const following = async () => (await db.sql.query(`SELECT 1 FROM domain_controller WHERE state = 'following'`)).rows.length;
    await eventually(async () => (await following()) === 2);
    for (const login of ['tyamada', 'oneill', 'zoe']) {
      const { id } = await person(login);
      await ad.setDisabled(login, true);
      await eventually(() => revocationOf(id, 'disabled'));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await db.sql.query('SELECT 1 FROM revocation WHERE person_id = $1', [id])).rows).toHaveLength(1);
    }
    await scene.service.stop();
    await db.sql.query(`UPDATE domain_controller SET url = 'ldaps://127.0.0.1:9' WHERE id <> 'dc-second'`);
    await scene.service.start();
    await ad.setDisabled('zoe', false);
    await eventually(async () => (await person('zoe')).state === 'enabled');
    await scene.service.stop();
    await db.sql.query(`DELETE FROM domain_controller WHERE id <> 'dc-second'`);
    await scene.service.start();
  });

  it('says so when no domain controller answers, removes nobody, and recovers by itself (SECURITY 37, F1)', async () => {
    const living = async () => (await scene.db.sql.query(`SELECT 1 FROM person WHERE deleted_at IS NULL`)).rows.length;
    const state = async () => (await scene.db.sql.query<{ state: string }>('SELECT state FROM directory')).rows[0]?.state;
    const before = await living();
    await scene.ad.down();
    await eventually(async () => (await state()) === 'unreachable', 20_000);
    expect(await living()).toBe(before);
    await scene.ad.up();
    await eventually(async () => (await state()) === 'following', 20_000);
    expect(await living()).toBe(before);
  });
});
