/**
 * A whole company for tests: Samba as its domain controller, and an installation of ours whose worker processes follow it, whose door is a
 * process of its own before a scripted cluster, and whose sessions are read as the portal reads them. Everything that a test breaks here
 * (a worker, PostgreSQL, notifications) is the real thing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from '#e2e/stack/progress.ts';
import { groupDn } from '#e2e/stack/samba/names.ts';
import { type Directory, ensureSamba, startDirectory } from '#e2e/stack/samba.ts';
import { type Pair, startPair } from '#e2e/stack/samba-pair.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { viewerId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant } from '#lib/entitlement/mutations.ts';
import type { World } from '#lib/entitlement/types.ts';
import { type Installation, type Running, type RunningDoor, startInstallation } from '#lib/proxy/testing/installation.ts';
import { answerAsCluster } from '#lib/proxy/testing/kinds-of-stream.ts';
import { ok, startScriptedUpstream } from '#lib/proxy/testing/scripted-upstream.ts';
import { clusterId } from '#lib/proxy/testing/stand.ts';
import { identify } from '#lib/session/caller.ts';
import { openPortal } from '#lib/session/portal.ts';
import { updateDirectory } from '../mutations.ts';
import { connectDomain, sealedPassword } from './connect.ts';
import { type DeafRelay, startDeafRelay } from './deaf-relay.ts';
import { eventually } from './eventually.ts';

export interface Company {
  readonly ad: Directory;
  /** The one that was joined to the first, if the company was to have one. */
  readonly second: Directory | null;
  /** Has one of them learn what the other one knows; they never do by themselves. */
  replicateTo(which: Directory): Promise<void>;
  /** Follows a second domain controller too, which was joined to the first and has all that the first one has. */
  followBoth(): Promise<void>;
  /** Of both, the one that does not lead. */
  beside(): Promise<Directory>;
  replicateToLeader(): Promise<void>;
  readonly place: Installation;
  readonly db: Database;
  readonly door: RunningDoor;
  readonly relay: DeafRelay;
  /** As the portal sees it. */
  readonly world: World;
  /** Whether a portal would still know whose session this is. */
  knowsSession(secret: string): Promise<boolean>;
  /** Lets a group of the directory look into `shop`. */
  grantTo(groupName: string): Promise<void>;
  startWorker(): Promise<void>;
  /** The worker that follows the directory now, as a process. */
  leader(): Promise<Running>;
  /** What workers complained of so far. */
  complaints(): string[];
  /** From now on no process hears of a change by NOTIFY, nor by a notification of the domain controller. */
  loseNotifications(lost: boolean): Promise<void>;
  /** Follows by the account that may not see tombstones; done when its complete read is. */
  followWithoutTombstones(): Promise<void>;
  close(): Promise<void>;
}

const patienceMs = 60_000;

/** `groups` are made before the first read, in this order; `inside` are groups that were made before. */
export async function startCompany({
  scopeUnits,
  groups,
  withSecond = false,
}: {
  readonly scopeUnits: readonly string[];
  readonly withSecond?: boolean;
  readonly groups: readonly { readonly name: string; readonly members?: readonly string[]; readonly inside?: readonly string[] }[];
}): Promise<Company> {
  await ensureSamba(silentProgress);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-company-'));
  const warden = await createWarden();
  const upstream = await startScriptedUpstream();
  upstream.script = (request, socket) => void socket.write(answerAsCluster(request) ?? ok(), 'latin1');
  const samba = { directory: join(folder, 'ad'), warden, progress: silentProgress };
  const [domain, place] = await Promise.all([
    withSecond ? startPair(samba) : startDirectory(samba),
    startInstallation({
      clusters: [{ name: 'east', serverUrl: upstream.url, caPem: upstream.caPem, namespaces: ['shop'], strict: false }],
      people: [],
    }),
  ]);
  const pair: Pair | null = 'replicate' in domain ? domain : null;
  const ad = 'replicate' in domain ? domain.one : domain;
  const requirePair = () => {
    if (!pair) throw new Error('this company has one domain controller');
    return pair;
  };
  const replicateTo = async (which: Directory) => {
    if (which === ad) await requirePair().replicate('two', 'one');
    else await requirePair().replicate('one', 'two');
  };
  const { db } = place;
  // Its directory is to be the real one.
  for (const table of ['domain_controller', 'directory', 'forest']) await db.sql.query(`DELETE FROM ${table}`);
  const relay = await startDeafRelay(ad);
  for (const { name, members = [], inside = [] } of groups) await ad.createGroup(name, [...members, ...inside.map(groupDn)]);

  const settings = {
    urls: [relay.url],
    caPem: `${relay.caPem}\n${ad.caPem}`,
    bindDn: ad.followerDn,
    scopeDns: scopeUnits.map((unit) => `${unit},${ad.baseDn}`),
  };
  const directoryId = await connectDomain(db, ad, place.sealingKeyPem, settings);

  const workers: Running[] = [];
  const startWorker = async () => void workers.push(await place.startWorker());
  const [door] = await Promise.all([place.startDoor(), startWorker(), startWorker()]);
  const following = (seesDeleted: boolean) =>
    eventually(
      async () =>
        (
          await db.sql.query(
            `SELECT 1 FROM domain_controller WHERE state = 'following' AND full_read_at IS NOT NULL AND sees_deleted = $1`,
            [seesDeleted],
          )
        ).rowCount,
      patienceMs,
    );
  await following(true);
  const whoFollows = async () =>
    (
      await db.sql.query<{ url: string; leads: boolean }>(
        `SELECT url, state_detail IS NULL AS leads FROM domain_controller WHERE state = 'following' ORDER BY leads DESC`,
      )
    ).rows;
  const firstLeads = async () => (await whoFollows()).some(({ url, leads }) => leads && url === relay.url);

  const portal = await openPortal({
    databaseUrl: db.url,
    portalUrl: 'http://portal.test',
    proxyUrl: door.url,
    proxyCaPem: place.caPem,
    sealingKeyPem: place.sealingKeyPem,
    hashKeyBase64: place.hashKey.toString('base64'),
    authSecret: 'nobody signs in here',
  });

  return {
    ad,
    second: pair?.two ?? null,
    replicateTo,
    async followBoth() {
      await replicateTo(requirePair().two);
      await changing(db, (tx, touch) =>
        updateDirectory(tx, touch, {
          id: directoryId,
          settings: { ...settings, urls: [relay.url, pair?.two.url ?? ''] },
          sealed: sealedPassword(place.sealingKeyPem, directoryId, ad.followerPassword),
        }),
      );
      await eventually(async () => (await whoFollows()).length === 2, patienceMs);
    },
    beside: async () => ((await firstLeads()) ? requirePair().two : requirePair().one),
    replicateToLeader: async () => replicateTo((await firstLeads()) ? ad : requirePair().two),
    place,
    db,
    door,
    relay,
    world: portal.world,
    async knowsSession(secret) {
      const { viewer } = await identify(portal, new Headers({ cookie: `gatehouse.session=${secret}` }), new Date());
      return viewer !== null;
    },
    async grantTo(groupName) {
      const { rows } = await db.sql.query<{ id: string }>('SELECT id FROM directory_group WHERE dn = $1', [groupDn(groupName)]);
      const id = rows[0]?.id ?? '';
      const where = {
        kind: 'namespaces',
        clusterId: clusterId('east'),
        clusterSelector: null,
        projectId: null,
        namespaces: ['shop'],
      } as const;
      await changing(db, (tx, touch) =>
        createGrant(
          tx,
          touch,
          { roleId: viewerId, place: where, subject: { kind: 'group', id, name: groupName }, until: null, reason: '', where: '' },
          { kind: 'system', name: 'test' },
        ),
      );
    },
    startWorker,
    async leader() {
      const { found } = await eventually(async () => {
        const { rows } = await db.sql.query<{ pid: number }>(
          `SELECT r.pid FROM lease l JOIN replica r ON r.id = l.holder WHERE l.name LIKE 'directory:%' AND l.expires_at > now()`,
        );
        return workers.find(({ process }) => process.pid === rows[0]?.pid);
      }, patienceMs);
      return found;
    },
    complaints: () =>
      workers.flatMap(({ said }) =>
        said()
          .split('\n')
          .filter((line) => /"level":[456]0/.test(line)),
      ),
    async loseNotifications(lost) {
      relay.deaf = lost;
      const { rows } = await db.sql.query<{ text: string }>(`SELECT pg_get_functiondef('append_changes'::regproc) AS text`);
      const said = rows[0]?.text ?? '';
      const [says, silent] = [`PERFORM pg_notify('gatehouse_change', last::text)`, 'PERFORM last'];
      const to = lost ? said.replace(says, silent) : said.replace(silent, says);
      if (to === said) throw new Error('append_changes notifies in other words than this test knows');
      await db.sql.query(to);
    },
    async followWithoutTombstones() {
      await changing(db, (tx, touch) =>
        updateDirectory(tx, touch, {
          id: directoryId,
          settings: { ...settings, bindDn: ad.serviceDn },
          sealed: sealedPassword(place.sealingKeyPem, directoryId, ad.servicePassword),
        }),
      );
      await following(false);
    },
    async close() {
      await portal.close();
      await place.stop();
      await relay.close();
      await domain.stop();
      await warden.close();
      await upstream.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
