/** The next sync foreseen, and who comes in: previews, filters of the admin's own, sentinels, the history and the undo, on a real domain. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Fault } from '#lib/errors/fault.ts';
import { eventually as within } from '../testing/eventually.ts';
import { followedDirectoryScene, type Scene } from '../testing/scene.ts';
import type { PreviewAnswer } from './schema.ts';

vi.setConfig({ testTimeout: 240_000 });

/** How soon is measured elsewhere; here only that it comes. */
const eventually = <T>(look: () => Promise<T | null | undefined | false>) => within(look, 60_000);

let scene: Scene;
let directoryId: string;
let groupId: string;

beforeAll(async () => {
  scene = await followedDirectoryScene();
  directoryId = (await one<{ id: string }>('SELECT id FROM directory')).id;
  groupId = (await one<{ id: string }>(`SELECT id FROM directory_group WHERE sam_account_name = 'dept-payments'`)).id;
  await scene.db.sql.query(`
    INSERT INTO role (id, name, title, grantable_on, rules) VALUES ('r-any', 'any', 'Any', '{all}', '[]');
    INSERT INTO scope (id, kind, canonical) VALUES ('sc-all', 'all', 'all')`);
  await scene.db.sql.query(
    `INSERT INTO binding (id, subject_kind, subject_id, role_id, scope_id) VALUES ('b-payments', 'group', $1, 'r-any', 'sc-all')`,
    [groupId],
  );
});

afterAll(async () => {
  await scene?.close();
});

async function one<T extends object>(query: string, values: unknown[] = []): Promise<T> {
  const { rows } = await scene.db.sql.query<T>(query, values);
  if (!rows[0]) throw new Error(`nothing answers ${query}`);
  return rows[0];
}

interface Person {
  id: string;
  state: string;
  wire_name: string;
}

const person = (login: string) => one<Person>('SELECT id, state, wire_name FROM person WHERE lower(sam_account_name) = $1', [login]);
const isIn = async (login: string, state: string) => (await person(login)).state === state;

async function count(query: string): Promise<number> {
  return (await one<{ n: number }>(`SELECT count(*)::int AS n FROM ${query}`)).n;
}

/** Everything that a preview must not touch. */
async function everything(): Promise<string> {
  const { text } = await one<{ text: string }>(
    `SELECT md5(concat((SELECT string_agg(p::text, ',' ORDER BY id) FROM person p), (SELECT string_agg(g::text, ',' ORDER BY id) FROM directory_group g),
       (SELECT string_agg(m::text, ',' ORDER BY group_id, member_id) FROM membership m), (SELECT settings::text FROM directory))) AS text`,
  );
  return text;
}

async function preview(changes: Record<string, unknown>, secret?: unknown): Promise<{ previewId: string; shown: PreviewAnswer }> {
  const { settings } = await one<{ settings: Record<string, unknown> }>('SELECT settings FROM directory');
  const { sentinelPerson, sentinelGroup } = settings as Record<'sentinelPerson' | 'sentinelGroup', { name: string } | undefined>;
  const saved = { ...settings, sentinelPerson: sentinelPerson?.name, sentinelGroup: sentinelGroup?.name };
  const question = { ...saved, ...changes, directoryId, unchanged: Object.keys(changes).length === 0 };
  const previewId = await scene.pose('directory.preview', question, secret);
  const { result, error } = await one<{ result: PreviewAnswer; error: unknown }>('SELECT result, error FROM request WHERE id = $1', [
    previewId,
  ]);
  if (error) throw Object.assign(new Error(JSON.stringify(error)), { refusal: error });
  return { previewId, shown: result };
}

async function save(previewId: string, approveRemovals: boolean): Promise<void> {
  const before = await lastSync('complete');
  await scene.ask('directory.save-preview', { directoryId, previewId, approveRemovals });
  scene.service.onChanges([{ seq: 1n, topic: 'directory', key: directoryId }]);
  await eventually(async () => (await lastSync('complete')).id !== before.id);
}

interface Sync {
  id: string;
  outcome: string;
  sentence: string | null;
  people_left: number;
  people_appeared: number;
  people_cut: number;
  memberships_added: number;
  accounts: number;
  times: number;
}

const lastSync = (kind: string) => one<Sync>('SELECT * FROM directory_sync WHERE kind = $1 ORDER BY id DESC LIMIT 1', [kind]);

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    return error as Fault;
  }
  throw new Error('it was not refused');
}

describe('a preview', () => {
  it('of the settings that hold tells that nothing changes, and writes nothing', async () => {
    const before = await everything();
    const { shown } = await preview({});
    expect(shown.tally).toEqual({
      peopleAppeared: 0,
      peopleChanged: 0,
      peopleLeft: 0,
      peopleCut: 0,
      groupsAppeared: 0,
      groupsChanged: 0,
      groupsLeft: 0,
      membershipsAdded: 0,
      membershipsRemoved: 0,
    });
    expect(shown.accounts).toBeGreaterThan(290);
    expect(await everything()).toBe(before);
  });

  it('of another filter says who leaves, who of them holds what, and that such a read would be held', async () => {
    const bob = await person('bob');
    await scene.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at) VALUES ('c-bob', 'kubeconfig', $1, 'laptop', 'b', now() + interval '1 day')`,
      [bob.id],
    );
    const before = await everything();
    const { shown } = await preview({ peopleFilter: '(|(!(department=Payments))(sAMAccountName=lzak))' });
    expect(shown.losing.list[0]).toMatchObject({ login: 'bob@corp.example', state: 'out-of-scope', grants: 1, credentials: 1 });
    expect(shown.losing.withGrants).toBeGreaterThan(30);
    expect(shown.losing.people).toBeGreaterThan(shown.losing.withGrants);
    expect(shown.losing.credentials).toBe(1);
    expect(shown.held.map(({ what }) => what)).toEqual(['people']);
    expect(await everything()).toBe(before);
    expect(await isIn('bob', 'enabled')).toBe(true);
  });

  it('of settings that cannot work is refused with the sentence of a test', async () => {
    expect(await faultOf(preview({ peopleFilter: '(department=Nowhere)' }))).toMatchObject({
      refusal: { code: 'directory.empty', fields: { peopleFilter: expect.stringMatching(/takes in nobody/) } },
    });
    expect(await faultOf(preview({ sentinelPerson: 'nobody-at-all' }))).toMatchObject({ refusal: { code: 'directory.no-sentinel' } });
    expect(await faultOf(preview({ bindDn: scene.ad.followerDn }, { password: 'not-it' }))).toMatchObject({
      refusal: { code: 'directory.bind-refused' },
    });
  });

  it('that is no preview, of another directory, or of nothing changed saves nothing', async () => {
    const { previewId } = await preview({});
    expect(await faultOf(scene.ask('directory.save-preview', { directoryId, previewId, approveRemovals: true }))).toMatchObject({
      code: 'directory.nothing-changed',
    });
    expect(await faultOf(scene.ask('directory.save-preview', { directoryId, previewId: 'rq-none', approveRemovals: true }))).toMatchObject({
      code: 'directory.preview-stale',
    });
  });
});

describe('a scope that was narrowed by mistake', () => {
  it('cuts those who leave, and gives the same people back with what they held (SECURITY 41)', async () => {
    const before = await person('bob');
    const grants = await count(`binding WHERE revoked_at IS NULL`);
    const narrowed = await preview({ peopleFilter: '(!(department=Payments))' });
    await save(narrowed.previewId, true);
    expect(await isIn('bob', 'out-of-scope')).toBe(true);
    expect((await lastSync('complete')).people_left).toBe(narrowed.shown.tally.peopleLeft);
    expect((await one<{ state: string; approved: unknown }>('SELECT state, approved FROM directory')) satisfies object).toEqual({
      state: 'following',
      approved: null,
    });
    // Somebody whose account ends meanwhile is no mistake.
    const gone = (
      await one<{ login: string }>(
        `SELECT sam_account_name AS login FROM person WHERE state = 'out-of-scope' AND sam_account_name <> 'bob' AND user_account_control = 512 ORDER BY 1 LIMIT 1`,
      )
    ).login;
    await scene.db.sql.query(
      `INSERT INTO credential (id, kind, person_id, name, secret_hash, expires_at)
       SELECT 'c-gone', 'kubeconfig', id, 'laptop', 'g', now() + interval '1 day' FROM person WHERE sam_account_name = $1`,
      [gone],
    );
    await scene.ad.setDisabled(gone, true);
    await eventually(async () => (await count(`credential WHERE id = 'c-gone' AND revoked_at IS NOT NULL`)) === 1);
    expect(await isIn(gone.toLowerCase(), 'out-of-scope')).toBe(true);

    const undone = await preview({ peopleFilter: undefined });
    expect(undone.shown.tally).toMatchObject({ peopleLeft: 0, peopleAppeared: narrowed.shown.tally.peopleLeft });
    await save(undone.previewId, false);
    expect(await person('bob')).toEqual(before);
    expect(await isIn(gone.toLowerCase(), 'disabled')).toBe(true);
    expect(await count(`binding WHERE revoked_at IS NULL`)).toBe(grants);
    expect(await count(`credential WHERE id = 'c-bob' AND revoked_at IS NULL`)).toBe(1);
    await scene.ad.setDisabled(gone, false);
    await eventually(async () => isIn(gone.toLowerCase(), 'enabled'));
    expect(await count(`credential WHERE id = 'c-gone' AND revoked_at IS NULL`)).toBe(0);
  });

  it('is not taken as approved for more than the preview showed', async () => {
    const { previewId } = await preview({ peopleFilter: '(!(department=Support))' });
    await scene.db.sql.query(`UPDATE request SET result = jsonb_set(result, '{tally,peopleLeft}', '3') WHERE id = $1`, [previewId]);
    await save(previewId, true);
    expect(await lastSync('complete')).toMatchObject({ outcome: 'held', people_left: 0 });
    expect(await isIn('dave', 'enabled')).toBe(true);
  });
});

describe('a filter of the admin’s own', () => {
  it('moves a person out and in again within a delta, by an attribute that we never asked for', async () => {
    const { previewId, shown } = await preview({ peopleFilter: '(!(employeeType=external))', groupFilter: '(!(cn=guild-*))' });
    expect(shown.tally).toMatchObject({ peopleLeft: 0, groupsLeft: 3 });
    await save(previewId, true);
    expect(await count(`directory_group WHERE name LIKE 'guild-%' AND deleted_at IS NULL`)).toBe(0);
    const { dn } = scene.ad.user('alice');
    await scene.ad.modify(dn, { employeeType: 'external' });
    const signIn = () => scene.ask('login', {}, { login: 'alice', password: scene.ad.user('alice').password });
    expect(await faultOf(signIn())).toMatchObject({ code: 'login.refused' });
    await eventually(() => isIn('alice', 'out-of-scope'));
    await scene.ad.modify(dn, { employeeType: [] });
    await eventually(() => isIn('alice', 'enabled'));
    await expect(signIn()).resolves.toMatchObject({ personId: (await person('alice')).id });
  });

  it('takes a group in with its members when it matches from now on', async () => {
    const group = await scene.ad.createGroup('guild-tools', [scene.ad.user('alice').dn]);
    await scene.ad.modify(scene.ad.user('alice').dn, { title: 'Tool smith' });
    await eventually(async () => (await count(`person WHERE title = 'Tool smith'`)) === 1);
    expect(await count(`directory_group WHERE name = 'guild-tools' AND deleted_at IS NULL`)).toBe(0);
    await scene.ad.move(group, group.replace('guild-tools', 'tools'));
    await eventually(async () => (await count(`membership m JOIN directory_group g ON g.id = m.group_id WHERE g.name = 'tools'`)) === 1);
    await scene.ad.move(group.replace('guild-tools', 'tools'), group);
    await eventually(async () => (await count(`directory_group WHERE name LIKE '%tools' AND deleted_at IS NULL`)) === 0);
  });

  it('that asks for a group follows who joins and leaves it, also by way of another group', async () => {
    const inner = await scene.ad.createGroup('inner-crew');
    const crew = await scene.ad.createGroup('crew', [inner, scene.ad.user('carol').dn, scene.ad.followerDn]);
    const inChain = `(|(memberOf:1.2.840.113556.1.4.1941:=${crew})(!(sAMAccountName=frank)))`;
    const { previewId, shown } = await preview({ peopleFilter: inChain, groupFilter: undefined });
    expect(shown.tally.peopleLeft).toBe(1);
    await save(previewId, false);
    await eventually(() => isIn('frank', 'out-of-scope'));
    await scene.ad.addMember(crew, scene.ad.user('frank').dn);
    await eventually(() => isIn('frank', 'enabled'));
    await scene.ad.removeMember(crew, scene.ad.user('frank').dn);
    await eventually(() => isIn('frank', 'out-of-scope'));
    const outer = await scene.ad.createGroup('outer-crew', [scene.ad.user('frank').dn]);
    await scene.ad.addMember(inner, outer);
    await eventually(() => isIn('frank', 'enabled'));
  });
});

describe('the sentinels', () => {
  it('are kept by GUID, and a read that lacks one removes nobody, whoever approves (F7)', async () => {
    const { previewId } = await preview({ peopleFilter: undefined, sentinelPerson: 'erin', sentinelGroup: 'auditors' });
    await save(previewId, false);
    const { settings } = await one<{ settings: { sentinelPerson: { name: string } } }>('SELECT settings FROM directory');
    expect(settings.sentinelPerson.name).toBe('erin@corp.example');

    await scene.service.stop();
    const position = async () => BigInt((await one<{ highest_usn: string }>('SELECT highest_usn FROM domain_controller')).highest_usn);
    const stoodAt = await position();
    await scene.ad.deleteUser('erin');
    await scene.ad.deleteUser('frank');
    await scene.service.start();
    // The drain has told of both as well, so that it does not bury one of them anew.
    await eventually(async () => (await isIn('erin', 'deleted')) && (await position()) > stoodAt);
    // Tombstones are evidence and were followed; it is the complete read that is not believed.
    await scene.db.sql.query(`UPDATE person SET state = 'enabled', deleted_at = NULL WHERE sam_account_name = 'frank'`);
    const before = await lastSync('complete');
    await scene.ask('directory.read', { directoryId });
    await eventually(async () => (await lastSync('complete')).id !== before.id);
    expect(await lastSync('complete')).toMatchObject({
      outcome: 'held',
      people_left: 0,
      sentence: expect.stringMatching(/^erin@corp.example must be seen/),
    });
    expect(await isIn('frank', 'enabled')).toBe(true);
    await eventually(async () => (await one<{ state: string }>('SELECT state FROM directory')).state === 'held');
    expect((await one<{ state_detail: string }>('SELECT state_detail FROM directory')).state_detail).toMatch(
      /is not believed: nothing was removed/,
    );
    expect(await count(`audit_event WHERE event = 'directory.held' AND detail->>'sentence' LIKE 'erin%'`)).toBe(1);
    expect(await faultOf(scene.ask('directory.approve-removals', { directoryId }))).toMatchObject({ code: 'directory.sentinel-unseen' });

    const another = await preview({ sentinelPerson: 'carol' });
    expect(another.shown.losing.list.map(({ login }) => login)).toEqual(['frank@corp.example']);
    await save(another.previewId, false);
    await eventually(() => isIn('frank', 'deleted'));
    await eventually(async () => (await one<{ state: string }>('SELECT state FROM directory')).state === 'following');
  });
});

describe('the history', () => {
  it('holds each complete read, the resumption, and the changes of the day in one row', async () => {
    expect(await count(`directory_sync WHERE kind = 'changes'`)).toBeLessThanOrEqual(2);
    expect(await lastSync('changes')).toMatchObject({ outcome: 'done' });
    expect((await lastSync('changes')).times).toBeGreaterThan(5);
    expect(await count(`directory_sync WHERE kind = 'resumed'`)).toBeGreaterThanOrEqual(1);
    expect(await count(`directory_sync WHERE kind = 'complete' AND accounts > 290`)).toBeGreaterThan(5);
  });

  it('counts what fails again in the same way, and tells why', async () => {
    await scene.db.sql.query(`UPDATE directory SET base_dn = 'DC=nowhere,DC=example'`);
    await scene.ask('directory.read', { directoryId });
    await eventually(async () => {
      const { outcome, times } = await lastSync('complete');
      return outcome === 'failed' && times > 1;
    });
    expect((await lastSync('complete')).sentence).toMatch(/refused|without people/);
    expect(await count(`directory_sync WHERE outcome = 'failed'`)).toBe(1);
    await scene.db.sql.query(`UPDATE directory SET base_dn = $1`, [scene.ad.baseDn]);
    await eventually(async () => (await lastSync('complete')).outcome === 'done');
  });
});
