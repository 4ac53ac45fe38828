/** Whatever ends somebody's access ends everything they hold open, on every replica, truthfully, and it is written down. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { credentialIdIn } from '#lib/credential/token.ts';
import { changing } from '#lib/db/database.ts';
import { operatorId, viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant } from '#lib/entitlement/mutations.ts';
import { writeReceipts } from '#lib/revocation/receipt.ts';
import { answerAsCluster, expectCut, expectOpen, kindsOfStream, type Opened, openStreams } from './testing/kinds-of-stream.ts';
import { ask } from './testing/raw-client.ts';
import { ok, type ScriptedUpstream, startScriptedUpstream } from './testing/scripted-upstream.ts';
import { clusterId, personId, type Replica, type Stand, startStand } from './testing/stand.ts';

interface Ending {
  readonly name: string;
  readonly reason: string;
  /** What the next request hears. */
  readonly status: number;
  /** What ends by the clock is written here ahead of its time, and nothing tells the door when that has come. */
  readonly end: (who: Subject) => Promise<unknown>;
}

interface Subject {
  readonly name: string;
  readonly id: string;
  readonly credentialId: string;
  readonly grantId: string;
  readonly cluster: string;
}

const soon = `clock_timestamp() + interval '400 milliseconds'`;
const person = (set: string) => (who: Subject) => stand.write('person', who.id, `UPDATE person SET ${set} WHERE id = $1`, [who.id]);
const credential = (set: string) => (who: Subject) =>
  stand.write('credential', who.credentialId, `UPDATE credential SET ${set} WHERE id = $1`, [who.credentialId]);
const binding = (set: string) => (who: Subject) =>
  stand.write('binding', who.grantId, `UPDATE binding SET ${set} WHERE id = $1`, [who.grantId]);
const cluster = (set: string) => (who: Subject) =>
  stand.write('cluster', clusterId(who.cluster), `UPDATE cluster SET ${set} WHERE id = $1`, [clusterId(who.cluster)]);

const endings: readonly Ending[] = [
  { name: 'an account disabled (SECURITY 40)', reason: 'account-disabled', status: 401, end: (who) => stand.disable(who.name) },
  { name: 'deleted (SECURITY 40)', reason: 'account-deleted', status: 401, end: person(`deleted_at = now(), state = 'deleted'`) },
  {
    name: 'moved out of scope (SECURITY 40, 41)',
    reason: 'account-out-of-scope',
    status: 401,
    end: person(`out_of_scope = true, state = 'out-of-scope'`),
  },
  { name: 'locked (SECURITY 40)', reason: 'account-locked', status: 401, end: person('lockout_at = now()') },
  { name: 'expired by the clock (SECURITY 40)', reason: 'account-expired', status: 401, end: person(`account_expires_at = ${soon}`) },
  { name: 'cut by an admin', reason: 'account-cut', status: 401, end: person(`cut_at = now(), cut_reason = 'test', state = 'cut'`) },
  {
    name: 'a credential revoked',
    reason: 'credential-revoked',
    status: 401,
    end: credential(`revoked_at = now(), revoke_reason = 'test'`),
  },
  {
    name: 'a credential that ends by the clock (SECURITY 43)',
    reason: 'credential-expired',
    status: 401,
    end: credential(`expires_at = ${soon}`),
  },
  { name: 'a grant withdrawn (SECURITY 42)', reason: 'right-withdrawn', status: 403, end: binding('revoked_at = now()') },
  { name: 'a grant that ends by the clock', reason: 'right-withdrawn', status: 403, end: binding(`until = ${soon}`) },
  { name: 'a cluster removed', reason: 'cluster-removed', status: 403, end: cluster(`removed_at = now(), state = 'removed'`) },
  { name: 'another cluster behind the address (F18)', reason: 'cluster-removed', status: 503, end: cluster(`state = 'wrong-cluster'`) },
];

let upstream: ScriptedUpstream;
let stand: Stand;
let second: Replica;
const doors = () => [stand, second].map(({ url }) => ({ url, caPem: stand.caPem }));
const nameOf = (index: number) => `p${String(index).padStart(2, '0')}`;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const like = { serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop', 'pay'] };
  const lostOnes = endings.flatMap(({ reason }, i) => (reason === 'cluster-removed' ? [{ name: `lost-${i}`, ...like }] : []));
  stand = await startStand({
    clusters: [{ name: 'east', ...like }, ...lostOnes],
    people: [...endings.map((_, i) => nameOf(i)), 'fred', 'rita', 'mona', 'nils'],
  });
  second = await stand.anotherDoor('x-second');
});
afterAll(async () => {
  await stand?.stop();
  await upstream?.close();
});
beforeEach(() => {
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
});

async function admit(name: string, cluster = 'east'): Promise<{ who: Subject; token: string }> {
  const grantId = await stand.grant(name, viewerId, { kind: 'namespaces', clusterId: clusterId(cluster), namespaces: ['shop'] });
  const token = await stand.token(name);
  await second.heard();
  return { who: { name, id: personId(name), credentialId: credentialIdIn(token) ?? '', grantId, cluster }, token };
}

const version = (door: { url: string; caPem: string }, token: string, cluster = 'east') =>
  ask(door.url, door.caPem, [`GET /clusters/${cluster}/version HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`]);

async function cutsOf(name: string): Promise<{ replica: string; kind: string; reason: string; isTimed: boolean }[]> {
  const { rows } = await stand.db.sql.query<{ replica: string; kind: string; reason: string; isTimed: boolean }>(
    `SELECT detail->>'replica' AS replica, detail->>'kind' AS kind, detail->>'reason' AS reason,
       abs(extract(epoch FROM at - (detail->>'cutAt')::timestamptz)) < 10 AS "isTimed" FROM audit_event
     WHERE event = 'stream.cut' AND subject_id = $1`,
    [personId(name)],
  );
  return rows;
}

const perReplica = kindsOfStream.length;

describe('on two replicas, each cuts its own', () => {
  test.each(endings.map((ending, i) => ({ ...ending, i })))('$name', async ({ reason, status, end, i }) => {
    const at = reason === 'cluster-removed' ? `lost-${i}` : 'east';
    const { who, token } = await admit(nameOf(i), at);
    const open = (await Promise.all(doors().map((door) => openStreams(door, token, at)))).flat();
    for (const stream of open) expectOpen(stream);
    await end(who);
    await Promise.all(open.map((stream) => expectCut(stream)));
    for (const door of doors()) {
      expect((await version(door, token, at)).status).toBe(status);
      for (const kind of kindsOfStream)
        expect((await ask(door.url, door.caPem, kind.lines(at, token))).status, `${kind.name} anew`).toBe(status);
    }
    await expect.poll(async () => (await cutsOf(who.name)).length, { timeout: 10_000 }).toBe(2 * perReplica);
    const cuts = await cutsOf(who.name);
    expect(new Set(cuts.map((cut) => cut.reason))).toEqual(new Set([reason]));
    expect(cuts.every(({ isTimed }) => isTimed)).toBe(true);
    for (const replica of ['x-test', 'x-second'])
      expect(
        cuts
          .filter((cut) => cut.replica === replica)
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(kindsOfStream.map(({ kind }) => kind).sort());
    expect([...stand.door.snapshotStreams(), ...second.door.snapshotStreams()]).toEqual([]);
  });

  test('the receipt counts what both have cut, and a replica that is dead for 10 s is not waited for (SECURITY 16, DECISIONS 15)', async () => {
    await stand.db.sql.query(
      `INSERT INTO replica (id, role, host, pid, beat_at) VALUES ('x-dead', 'proxy', 'h', 1, now() - interval '11 seconds')`,
    );
    const { token, who } = await admit('rita');
    const open = (await Promise.all(doors().map((door) => openStreams(door, token)))).flat();
    const id = await stand.disable(who.name);
    await Promise.all(open.map((stream) => expectCut(stream)));
    const acknowledged = async () =>
      (
        await stand.db.sql.query(
          'SELECT replica_id, jsonb_array_length(cut) AS cut FROM revocation_ack WHERE revocation_id = $1 ORDER BY replica_id',
          [id],
        )
      ).rows;
    await expect.poll(acknowledged, { timeout: 10_000 }).toEqual([
      { replica_id: 'x-second', cut: perReplica },
      { replica_id: 'x-test', cut: perReplica },
    ]);
    await writeReceipts(stand.db);
    const { rows } = await stand.db.sql.query<{ detail: { streamsCut: number; replicas: unknown[] } }>(
      `SELECT detail FROM audit_event WHERE event = 'access.cut' AND subject_id = $1`,
      [who.id],
    );
    expect(rows.map(({ detail }) => detail)).toMatchObject([{ streamsCut: 2 * perReplica }]);
    expect(rows[0]?.detail.replicas).toHaveLength(2);
  });
});

describe('out of a group of the directory (SECURITY 42)', () => {
  test('what was opened with it ends on both replicas without a new sign-in, and the next request carries the groups that are left', async () => {
    const { token, who } = await admit('nils');
    const group = 'g-operators';
    await stand.write(
      'group',
      group,
      `INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
       VALUES ($1, 'f-1', 'd-1', '00000000-0000-4000-9000-000000000001', 'CN=operators', 'operators', 'operators', -2147483646, true)`,
      [group],
    );
    await stand.write('membership', group, 'INSERT INTO membership (group_id, member_id) VALUES ($1, $2)', [group, who.id]);
    await changing(stand.db, (tx, touch) =>
      createGrant(
        tx,
        touch,
        {
          roleId: operatorId,
          place: { kind: 'namespaces', clusterId: clusterId('east'), clusterSelector: null, projectId: null, namespaces: ['shop'] },
          subject: { kind: 'group', id: group, name: 'operators' },
          until: null,
          reason: '',
          where: '',
        },
        { kind: 'system', name: 'test' },
      ),
    );
    await Promise.all([stand.heard(), second.heard()]);
    const groupsHeard = async (door: { url: string; caPem: string }) => {
      upstream.seen.length = 0;
      expect((await version(door, token)).status).toBe(200);
      return upstream.seen[0]?.headers.filter((header) => header.startsWith(`Impersonate-Group: gatehouse:`)) ?? [];
    };
    const [first] = doors();
    if (!first) throw new Error('no door');
    const both = await groupsHeard(first);
    expect(both).toHaveLength(2);
    const open = (await Promise.all(doors().map((door) => openStreams(door, token)))).flat();
    await stand.write('membership', group, 'DELETE FROM membership WHERE group_id = $1 AND member_id = $2', [group, who.id]);
    await Promise.all(open.map((stream) => expectCut(stream)));
    for (const door of doors()) {
      const left = await groupsHeard(door);
      expect(left).toHaveLength(1);
      expect(both).toContain(left[0]);
      expect(left[0]).toContain(viewerId);
    }
  });
});

describe('freshness is a lease, by kind of request (SECURITY: fail-open or fail-closed)', () => {
  const confirmed = (minutesAgo: number) =>
    stand.write('domain-controller', 'dc-1', `UPDATE domain_controller SET fresh_at = now() - make_interval(mins => $1)`, [minutesAgo]);

  test('after 15 minutes shells, tunnels and secrets: 503 and cut; after 60 everything; and it comes back by itself', async () => {
    const { token } = await admit('fred');
    const get = async (path: string) => {
      const [door] = doors();
      return ask(door?.url ?? '', stand.caPem, [`GET /clusters/east${path} HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`]);
    };
    const pods = '/api/v1/namespaces/shop/pods';
    const secrets = '/api/v1/namespaces/shop/secrets';
    const open = await openStreams({ url: stand.url, caPem: stand.caPem }, token);
    const held = (which: (stream: Opened) => boolean) => open.filter(which);

    await confirmed(14);
    expect((await get(secrets)).status).toBe(200);
    for (const stream of open) expectOpen(stream);

    await confirmed(16);
    await Promise.all(held(({ of }) => of.sensitive).map((stream) => expectCut(stream)));
    for (const stream of held(({ of }) => !of.sensitive)) expectOpen(stream);
    const refused = await get(secrets);
    expect(refused.status).toBe(503);
    expect(refused.head).toMatch(/\r\nRetry-After: \d+/);
    expect((await get(pods)).status).toBe(200);

    await confirmed(59);
    expect((await get(pods)).status).toBe(200);
    await confirmed(61);
    await Promise.all(held(({ of }) => !of.sensitive).map((stream) => expectCut(stream)));
    expect((await get(pods)).status).toBe(503);

    await confirmed(0);
    expect((await get(secrets)).status).toBe(200);
    await expect
      .poll(async () => (await cutsOf('fred')).map(({ reason }) => reason), { timeout: 10_000 })
      .toEqual(Array(open.length).fill('directory-not-fresh'));
  });
});

describe('what only the cluster knows, it is asked as the person (DECISIONS 18)', () => {
  const reduceViewer = () => stand.write('role', viewerId, 'UPDATE role SET version = version + 1 WHERE id = $1', [viewerId]);
  const converge = () =>
    changing(stand.db, (tx) =>
      tx.$executeRawUnsafe(
        `INSERT INTO cluster_status (cluster_id, converged_seq) SELECT $1, seq FROM change_counter
         ON CONFLICT (cluster_id) DO UPDATE SET converged_seq = EXCLUDED.converged_seq`,
        clusterId('east'),
      ),
    );

  test('a role reduced: everything opened with it is asked again, downloads included; yes lets it go on, no cuts it', async () => {
    const { token } = await admit('mona');
    const open = await openStreams({ url: stand.url, caPem: stand.caPem }, token);
    let allowed = true;
    const asked: string[] = [];
    upstream.script = (request, socket) => {
      if (request.line.includes('selfsubjectaccessreviews')) asked.push(request.body);
      socket.write(ok(JSON.stringify({ status: { allowed } })));
    };
    await reduceViewer();
    await converge();
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(open.length);
    for (const stream of open) expectOpen(stream);
    allowed = false;
    await reduceViewer();
    await converge();
    await Promise.all(open.map((stream) => expectCut(stream)));
    await expect
      .poll(async () => (await cutsOf('mona')).map(({ reason }) => reason), { timeout: 10_000 })
      .toEqual(Array(open.length).fill('right-withdrawn'));
  });
});
