/** One suite for a real domain controller and for a scripted one: what is tested against a script alone is only what the real one cannot be made to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '#e2e/stack/certificates.ts';
import { silentProgress } from '#e2e/stack/progress.ts';
import { ensureSamba, startDirectory } from '#e2e/stack/samba.ts';
import { createWarden } from '#e2e/stack/warden.ts';
import { guidFromBytes, guidToBytes } from '../active-directory/guid.ts';
import { guidOf, readLinks } from '../active-directory/objects.ts';
import { readTouched } from '../follow/changes.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal, openConnection } from './connection.ts';
import { highestUsn, readIdentity } from './domain.ts';
import { type Answer, type Asked, type ScriptedEntry, type ScriptedServer, startScriptedServer } from './testing.ts';
import type { Endpoint } from './transport.ts';

interface Controller {
  readonly endpoint: Endpoint;
  readonly base: string;
  readonly dn: string;
  readonly password: string;
  /** Somebody who has no mail written down. */
  readonly someone: string;
  /** A group of two. */
  readonly group: string;
  rename(title: string): Promise<void>;
  stop(): Promise<void>;
}

const base = 'DC=corp,DC=example';
const guidOfSomeone = '00000000-0000-0000-0000-000000000001';
const unavailableCriticalExtension = 12;
const noSuchObject = 32;
const invalidCredentials = 49;

async function startReal(): Promise<Controller> {
  await ensureSamba(silentProgress);
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-port-'));
  const warden = await createWarden();
  const ad = await startDirectory({ directory: join(place, 'ad'), warden, progress: silentProgress });
  return {
    endpoint: { url: ad.url, serverName: ad.serverName, caPem: ad.caPem },
    base: ad.baseDn,
    dn: ad.followerDn,
    password: ad.followerPassword,
    someone: ad.serviceDn,
    group: ad.groups.distribution,
    rename: async (title) => ad.modify(ad.serviceDn, { title }),
    async stop() {
      await ad.stop();
      await warden.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

async function startScripted(): Promise<Controller> {
  const authority = await createAuthority('port');
  let title = 'before';
  let moves = 0;
  const someone = (): ScriptedEntry => ({
    dn: `CN=svc,${base}`,
    attributes: { objectGUID: [guidToBytes(guidOfSomeone)], sAMAccountName: ['svc'], title: [title] },
  });
  const group: ScriptedEntry = {
    dn: `CN=two,${base}`,
    attributes: {
      objectGUID: [guidToBytes('00000000-0000-0000-0000-000000000009')],
      member: [1, 2].map((n) => `<GUID=00000000-0000-0000-0000-00000000000${n}>;<SID=S-1-5-21-1-2-3-${n}>;CN=u${n},${base}`),
    },
  };
  const root = () => ({
    highestCommittedUSN: [String(100 + moves)],
    defaultNamingContext: [base],
    dsServiceName: [`CN=NTDS Settings,${base}`],
  });
  const answer = (asked: Asked): Answer => {
    if (asked.base === '') return { entries: [{ dn: '', attributes: root() }] };
    if (asked.base.startsWith('CN=NTDS Settings'))
      return { entries: [{ dn: asked.base, attributes: { invocationId: [guidToBytes(guidOfSomeone)] } }] };
    if (asked.attributes.includes('usnchanged')) return { entries: moves > 0 ? [someone()] : [], ending: 'silence' };
    if (asked.changesSince) {
      const { cookie } = asked.changesSince;
      if (cookie !== '' && !/^since \d+$/.test(cookie)) return { status: unavailableCriticalExtension };
      const isNews = cookie !== `since ${moves}`;
      return { entries: isNews ? [someone()] : [], changes: { cookie: `since ${moves}` } };
    }
    if (asked.base === someone().dn) return { entries: [someone()] };
    if (asked.base === group.dn) return { entries: [group] };
    if (asked.base !== base) return { status: noSuchObject };
    return asked.page ? { entries: [group], nextPage: '' } : { entries: [someone()], nextPage: 'second' };
  };
  const server = await startScriptedServer(answer, {
    authority,
    onBind: ({ password }) =>
      password === 'right'
        ? { status: 0 }
        : { status: invalidCredentials, words: '80090308: LdapErr: AcceptSecurityContext error, data 52e, v4563\0' },
  });
  return {
    endpoint: server.endpoint,
    base,
    dn: 'CN=sync,DC=corp,DC=example',
    password: 'right',
    someone: someone().dn,
    group: group.dn,
    async rename(to) {
      title = to;
      moves += 1;
    },
    stop: () => server.stop(),
  };
}

describe.each([
  ['a real domain controller', startReal],
  ['a scripted one', startScripted],
])('%s', (_, start) => {
  let controller: Controller;
  const open: LdapConnection[] = [];
  beforeAll(async () => {
    controller = await start();
  }, 120_000);
  afterAll(() => controller?.stop());
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
  });

  async function signedIn(): Promise<LdapConnection> {
    const connection = await openConnection(controller.endpoint);
    open.push(connection);
    await connection.bind(controller.dn, controller.password);
    return connection;
  }
  const one = (connection: LdapConnection, dn: string, attributes: string[]) =>
    connection.search({ base: dn, scope: 'base', filter: '(objectClass=*)', attributes });

  it('takes the right password, and refuses a wrong one with AD’s reason; after that no search is sent until a right one', async () => {
    const connection = await openConnection(controller.endpoint);
    open.push(connection);
    await expect(connection.bind(controller.dn, 'wrong')).rejects.toMatchObject({ name: 'LdapRefusal', status: invalidCredentials });
    await expect(connection.bind(controller.dn, 'wrong')).rejects.toThrow(/data 52e/);
    await expect(one(connection, controller.someone, ['title'])).rejects.toThrow(LdapDoubt);
    await connection.bind(controller.dn, controller.password);
    expect(await one(connection, controller.someone, ['sAMAccountName'])).toHaveLength(1);
  });

  it('is never sent an empty password, nor one with a NUL (SECURITY 29)', async () => {
    const connection = await openConnection(controller.endpoint);
    open.push(connection);
    for (const password of ['', '\0', 'a\0b']) await expect(connection.bind(controller.dn, password)).rejects.toThrow('never sent');
    await expect(connection.bind('', 'x')).rejects.toThrow('never sent');
  });

  it('is spoken to only under its own name, and under the given authority alone (F9)', async () => {
    const stranger = await createAuthority('stranger');
    await expect(openConnection({ ...controller.endpoint, serverName: 'other.example' })).rejects.toThrow(/altname|names/i);
    await expect(openConnection({ ...controller.endpoint, caPem: stranger.certPem })).rejects.toThrow(/certificate/i);
    await expect(openConnection({ ...controller.endpoint, caPem: undefined })).rejects.toThrow(/certificate/i);
    for (const scheme of ['http', 'tcp', '']) {
      const url = controller.endpoint.url.replace(/^ldaps:/, scheme === '' ? '' : `${scheme}:`);
      await expect(openConnection({ ...controller.endpoint, url })).rejects.toThrow('no LDAP address');
    }
  });

  it('tells what is there from what is not, and an attribute that is absent from one with values', async () => {
    const connection = await signedIn();
    const [entry] = await one(connection, controller.someone, ['sAMAccountName', 'mail', 'objectGUID']);
    expect(entry?.dn).toBe(controller.someone);
    expect(entry?.text('SAMACCOUNTNAME')).toMatch(/^svc/);
    expect(entry?.has('mail')).toBe(false);
    expect(entry?.bytes('objectGUID')).toHaveLength(16);
    await expect(one(connection, `CN=nobody,${controller.base}`, ['name'])).rejects.toMatchObject({
      name: 'LdapRefusal',
      status: noSuchObject,
    });
    // A refusal is an answer: the connection goes on.
    expect(await one(connection, controller.someone, ['sAMAccountName'])).toHaveLength(1);
  });

  it('names the members of a group by GUID', async () => {
    const [entry] = await one(await signedIn(), controller.group, ['member']);
    const { guids, foreignSids } = readLinks(entry?.allBytes('member') ?? [], controller.group);
    expect(guids).toHaveLength(2);
    expect(guids[0]).toMatch(/^[0-9a-f]{8}-/);
    expect(foreignSids).toEqual([]);
  });

  it('answers many questions at once on one connection, each its own', async () => {
    const connection = await signedIn();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => one(connection, n % 2 === 0 ? controller.someone : controller.group, ['objectGUID'])),
    );
    const guids = answers.map(([entry]) => guidFromBytes(entry?.bytes('objectGUID') ?? Buffer.alloc(16)));
    expect(new Set(guids.filter((_, n) => n % 2 === 0)).size).toBe(1);
    expect(new Set(guids).size).toBe(2);
  });

  it('is read to its last page', async () => {
    const found = new Set<string>();
    const connection = await signedIn();
    const filter = '(|(objectClass=user)(objectClass=group))';
    await connection.readAll({ base: controller.base, scope: 'sub', filter, attributes: ['objectGUID'] }, (page) => {
      for (const { dn } of page) found.add(dn);
    });
    expect([...found]).toEqual(expect.arrayContaining([controller.someone, controller.group]));
  });

  it('says what changed since a cookie, and nothing when nothing did; a cookie that it never gave is refused', async () => {
    const connection = await signedIn();
    const ask = (cookie: Buffer) =>
      connection.dirSync({ base: controller.base, filter: '(objectClass=user)', attributes: ['objectGUID', 'title'] }, -0x80000000, cookie);
    let { cookie } = await ask(Buffer.alloc(0));
    expect((await ask(cookie)).entries).toEqual([]);
    const [entry] = await one(connection, controller.someone, ['objectGUID']);
    await controller.rename(`renamed ${Date.now()}`);
    const changed = await ask(cookie);
    expect(changed.entries.map(guidOf)).toEqual([entry && guidOf(entry)]);
    expect(changed.entries[0]?.text('title')).toMatch(/^renamed/);
    ({ cookie } = changed);
    expect((await ask(cookie)).entries).toEqual([]);
    await expect(ask(Buffer.from('never given'))).rejects.toBeInstanceOf(LdapRefusal);
  });

  it('counts its changes, and says who it is', async () => {
    const connection = await signedIn();
    const before = await highestUsn(connection, 5_000);
    await controller.rename(`counted ${Date.now()}`);
    expect(await highestUsn(connection, 5_000)).toBeGreaterThan(before);
    expect(await readIdentity(connection)).toMatchObject({
      defaultNamingContext: controller.base,
      invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('wakes whoever asked to be told, and works on beside that', async () => {
    const connection = await signedIn();
    await controller.rename(`first ${Date.now()}`);
    const woken = new Promise<void>((resolve) => connection.notify(controller.base, resolve));
    expect(await one(connection, controller.someone, ['objectGUID'])).toHaveLength(1);
    await controller.rename(`second ${Date.now()}`);
    await woken;
  }, 30_000);

  it('leaves nobody waiting when the connection is closed', async () => {
    const connection = await signedIn();
    const waiting = one(connection, controller.someone, ['objectGUID']);
    connection.close();
    await expect(waiting).rejects.toThrow(LdapDoubt);
    await expect(one(connection, controller.someone, ['objectGUID'])).rejects.toThrow(LdapDoubt);
    expect(await connection.closed).toBeNull();
  });
});

describe('what only a script can be made to do', () => {
  let server: ScriptedServer | null = null;
  let connection: LdapConnection | null = null;
  afterEach(async () => {
    connection?.close();
    await server?.stop();
  });

  async function talkTo(script: (asked: Asked) => Answer, patienceMs = 5_000): Promise<LdapConnection> {
    server = await startScriptedServer(script);
    connection = await openConnection(server.endpoint, patienceMs);
    await connection.bind('CN=sync', 'secret');
    return connection;
  }
  const person = (n: number): ScriptedEntry => ({
    dn: `CN=u${n},${base}`,
    attributes: { objectGUID: [guidToBytes(`00000000-0000-0000-0000-${String(n).padStart(12, '0')}`)], objectClass: ['user'] },
  });
  const changes = (to: LdapConnection) => readTouched(to, base, 'dirsync', Buffer.from('since 1'));

  it('an answer that had no room for all changes is asked on, from cookie to cookie, to its end', async () => {
    const cookies: string[] = [];
    const touched = await changes(
      await talkTo(({ changesSince }) => {
        cookies.push(changesSince?.cookie ?? '');
        const n = cookies.length;
        return { entries: [person(n)], changes: { cookie: `since ${n + 1}`, more: n < 3 } };
      }),
    );
    expect(cookies).toEqual(['since 1', 'since 2', 'since 3']);
    expect(touched.guids).toHaveLength(3);
    expect(touched.cookie.toString()).toBe('since 4');
  });

  it('room is asked for as much as there is, links one by one, and only what the account may see', async () => {
    await changes(await talkTo(() => ({ changes: { cookie: 'since 2' } })));
    expect(server?.asked.at(-1)?.changesSince).toEqual({ flags: -0x80000000 | 1, maxBytes: 0x7fffffff, cookie: 'since 1' });
  });

  it.each([
    ['an empty success that says no cookie', {}],
    ['changes without a cookie', { entries: [person(1)] }],
    ['an empty cookie', { entries: [person(1)], changes: { cookie: '' } }],
  ] as [string, Answer][])('%s proves nothing (SECURITY 37, F4)', async (_, answer) => {
    await expect(changes(await talkTo(() => answer))).rejects.toThrow(LdapDoubt);
  });

  it('of changes that broke off half-way nothing is kept, the cookie least of all (SECURITY 37, F4)', async () => {
    let asked = 0;
    const half = (ending: Answer['ending']) => (): Answer => {
      asked += 1;
      return asked === 1
        ? { entries: [person(1)], changes: { cookie: 'since 2', more: true } }
        : { entries: [person(2)], ...(ending ? { ending } : {}) };
    };
    for (const ending of ['hang-up', 'garbage', 'notice-of-disconnection'] as const) {
      asked = 0;
      await expect(changes(await talkTo(half(ending))), ending).rejects.toThrow(LdapDoubt);
      connection?.close();
      await server?.stop();
    }
  });

  it.each([
    ['a time limit', 3, ''],
    ['a size limit', 4, ''],
    ['a referral', 10, '0000202B: RefErr: DSID-031007F3, data 0, 1 access points ref 1: other.example'],
    ['an administrative limit', 11, '00002024: SvcErr: DSID-02050DE4, problem 5008 (ADMIN_LIMIT_EXCEEDED), data -1026'],
    ['missing rights', 50, '00002105: SecErr: DSID-0315280D, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0'],
    ['busy', 51, '00002024: SvcErr: DSID-0205066A, problem 5001 (BUSY), data 0'],
    ['unwilling', 53, '00002024: SvcErr: DSID-0203107E, problem 5010 (UNAVAIL_EXTENSION), data 0'],
    [
      'a lost sign-in',
      1,
      '000004DC: LdapErr: DSID-0C090A22, comment: In order to perform this operation a successful bind must be completed',
    ],
  ])(
    '%s in the words of Windows is a refusal, whatever came before it, and its words are kept (SECURITY 37, F4)',
    async (_, status, words) => {
      const to = await talkTo(() => ({ entries: [person(1)], status, words: `${words}\0` }));
      const failure = await changes(to).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(LdapRefusal);
      expect(failure).toMatchObject({ status });
      expect((failure as Error).message).toContain(words);
      expect((failure as Error).message).not.toContain('\0');
      const pages: number[] = [];
      const reading = to.readAll(
        { base, scope: 'sub', filter: '(objectClass=user)', attributes: [] },
        (page) => void pages.push(page.length),
      );
      await expect(reading).rejects.toBeInstanceOf(LdapRefusal);
      expect(pages).toEqual([]);
    },
  );

  it('a page that was cut in half is handed to nobody (SECURITY 37, F4)', async () => {
    const pages: number[] = [];
    const to = await talkTo(({ page }) =>
      page ? { entries: [person(2)], ending: 'hang-up' } : { entries: [person(1)], nextPage: 'second' },
    );
    const reading = to.readAll(
      { base, scope: 'sub', filter: '(objectClass=user)', attributes: [] },
      (page) => void pages.push(page.length),
    );
    await expect(reading).rejects.toThrow(LdapDoubt);
    expect(pages).toEqual([1]);
  });

  it.each(['', 'abc', '-5', '12 ', '1e3'])('a highest USN of "%s" is none (F8)', async (usn) => {
    const to = await talkTo(() => ({ entries: [{ dn: '', attributes: { highestCommittedUSN: [usn] } }] }));
    await expect(highestUsn(to, 5_000)).rejects.toThrow(LdapDoubt);
  });

  it('one late answer ends the connection for all that wait on it (F2)', async () => {
    const to = await talkTo(({ attributes }) => (attributes.includes('slow') ? { ending: 'silence' } : { entries: [person(1)] }), 1_500);
    const search = (attribute: string) => to.search({ base, scope: 'base', filter: '(objectClass=*)', attributes: [attribute] });
    expect(await search('quick')).toHaveLength(1);
    await expect(search('slow')).rejects.toThrow(/within 1500 ms/);
    await expect(search('quick')).rejects.toThrow();
  });
});
