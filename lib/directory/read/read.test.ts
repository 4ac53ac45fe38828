import { afterEach, describe, expect, it } from 'vitest';
import { guidToBytes } from '../active-directory/guid.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal, openConnection } from '../ldap/connection.ts';
import { type Answer, type Asked, type ScriptedEntry, type ScriptedServer, startScriptedServer } from '../ldap/testing.ts';
import { readEverything } from './read.ts';

let server: ScriptedServer | null = null;
let connection: LdapConnection | null = null;

afterEach(async () => {
  connection?.close();
  await server?.stop();
});

const domainSid = 'S-1-5-21-1-2-3';
const base = 'DC=corp,DC=example';

function guid(n: number): string {
  return `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
}

function sid(rid: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.set([1, 5, 0, 0, 0, 0, 0, 5]);
  for (const [n, part] of [21, 1, 2, 3, rid].entries()) bytes.writeUInt32LE(part, 8 + 4 * n);
  return bytes;
}

function person(n: number): ScriptedEntry {
  return {
    dn: `CN=u${n},${base}`,
    attributes: { objectGUID: [guidToBytes(guid(n))], sAMAccountName: [`u${n}`], userAccountControl: ['512'] },
  };
}

function group(n: number, attributes: ScriptedEntry['attributes'] = {}): ScriptedEntry {
  return {
    dn: `CN=g${n},${base}`,
    attributes: {
      objectGUID: [guidToBytes(guid(n))],
      objectSid: [sid(513)],
      sAMAccountName: [`g${n}`],
      groupType: ['-2147483646'],
      ...attributes,
    },
  };
}

function members(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => `<GUID=${guid(from + n)}>;CN=u${from + n},${base}`);
}

async function readFrom(script: (asked: Asked) => Answer, patienceMs = 5_000) {
  server = await startScriptedServer(script);
  connection = await openConnection(server.endpoint, patienceMs);
  await connection.bind('CN=sync', 'secret');
  return readEverything({ connection, forGroups: connection }, base, domainSid);
}

const isGroups = ({ attributes }: Asked) => attributes.includes('grouptype') || attributes.some((name) => name.startsWith('member;'));
const oneGroup: Answer = { entries: [group(900)], nextPage: '' };

describe('a complete read', () => {
  it('goes on to the last page, also past an empty one', async () => {
    const pages: Record<string, Answer> = {
      '': { entries: [person(1)], nextPage: 'two' },
      two: { entries: [], nextPage: 'three' },
      three: { entries: [person(2)], nextPage: '' },
    };
    const { people } = await readFrom((asked) => (isGroups(asked) ? oneGroup : (pages[asked.page ?? ''] ?? {})));
    expect(people.map(({ samAccountName }) => samAccountName)).toEqual(['u1', 'u2']);
  });

  it.each([
    ['a page that does not say whether another follows', {}],
    ['a time limit', { status: 3, nextPage: '' }],
    ['a size limit', { status: 4, nextPage: 'more' }],
    ['a busy server', { status: 51 }],
    ['a referral', { status: 10 }],
    ['a line that is cut', { ending: 'hang-up' }],
    ['something that is not LDAP', { ending: 'garbage' }],
    ['a notice of disconnection', { ending: 'notice-of-disconnection' }],
  ] as [string, Answer][])('that meets %s on its second page is none (SECURITY 37, F4)', async (_, second) => {
    const read = readFrom((asked) => {
      if (isGroups(asked)) return oneGroup;
      return asked.page ? { entries: [person(2)], ...second } : { entries: [person(1)], nextPage: 'two' };
    });
    await expect(read).rejects.toSatisfy((error) => error instanceof LdapDoubt || error instanceof LdapRefusal);
  });

  it('that meets silence is none, after a bounded wait; the connection is not used again (SECURITY 37, F2)', async () => {
    server = await startScriptedServer(() => ({ ending: 'silence' }));
    connection = await openConnection(server.endpoint, 200);
    await connection.bind('CN=sync', 'secret');
    const search = () => (connection as LdapConnection).search({ base, scope: 'base', filter: '(objectClass=*)', attributes: [] });
    await expect(search()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(search()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(server.asked).toHaveLength(1);
  });

  it('that finds nobody, or no Domain Users, is none: that is what a lost right looks like (SECURITY 37, F7)', async () => {
    await expect(readFrom((asked) => (isGroups(asked) ? oneGroup : { nextPage: '' }))).rejects.toThrow('not the whole directory');
    await server?.stop();
    await expect(readFrom((asked) => (isGroups(asked) ? { nextPage: '' } : { entries: [person(1)], nextPage: '' }))).rejects.toThrow(
      'not the whole directory',
    );
  });

  it('follows no reference to another server (F6)', async () => {
    const trap = await startScriptedServer(() => ({ nextPage: '' }));
    const references = [`${trap.endpoint.url}/DC=elsewhere`];
    const { people } = await readFrom((asked) => (isGroups(asked) ? oneGroup : { entries: [person(1)], references, nextPage: '' }));
    expect(people).toHaveLength(1);
    expect(trap.binds).toEqual([]);
    await trap.stop();
  });

  it('never asks on a connection that is not signed in (SECURITY 29, F4)', async () => {
    server = await startScriptedServer(() => ({ nextPage: '' }));
    connection = await openConnection(server.endpoint);
    await expect(readEverything({ connection, forGroups: connection }, base, domainSid)).rejects.toThrow('not signed in');
    await expect(connection.bind('CN=sync', '')).rejects.toThrow('never sent');
    await expect(connection.bind('', 'secret')).rejects.toThrow('never sent');
    expect(server.asked).toEqual([]);
    expect(server.binds).toEqual([]);
  });
});

const rangeSize = 1_500;

describe('a group that the server tells in ranges', () => {
  const inRanges = (second: Answer) =>
    readFrom((asked) => {
      if (asked.base.startsWith('<GUID=')) return second;
      if (isGroups(asked)) return { entries: [group(900, { member: [], 'member;range=0-1499': members(1, 1_500) })], nextPage: '' };
      return { entries: [person(1)], nextPage: '' };
    });

  it.each([0, 1, 1_499, 1_500, 1_501, 3_000, 5_001])('has all of its %i members (SECURITY 36)', async (size) => {
    const rangeFrom = (from: number) => {
      const isLast = from + rangeSize >= size;
      const to = isLast ? size : from + rangeSize;
      return { member: [], [`member;range=${from}-${isLast ? '*' : to - 1}`]: members(from + 1, to) };
    };
    const { groups } = await readFrom((asked) => {
      const [, from] = /^member;range=(\d+)-/.exec(asked.attributes[0] ?? '') ?? [];
      if (from !== undefined) return { entries: [{ dn: '', attributes: rangeFrom(Number(from)) }] };
      if (isGroups(asked)) {
        const whole = size <= rangeSize ? { member: members(1, size) } : rangeFrom(0);
        return { entries: [group(900_000, whole)], nextPage: '' };
      }
      return { entries: [person(1)], nextPage: '' };
    });
    expect(groups[0]?.memberGuids).toEqual(Array.from({ length: size }, (_, n) => guid(n + 1)));
    expect(server?.asked.filter(({ attributes }) => attributes[0]?.startsWith('member;range='))).toHaveLength(
      Math.max(0, Math.ceil(size / rangeSize) - 1),
    );
  });

  it.each([
    ['is refused', { status: 51 }],
    ['is empty', { entries: [] }],
    ['begins elsewhere', { entries: [{ dn: '', attributes: { 'member;range=0-*': [] } }] }],
  ] as [string, Answer][])(
    'is of unknown membership when the second range %s, so that nobody is removed (SECURITY 36, F5)',
    async (_, second) => {
      const { groups } = await inRanges(second);
      expect(groups[0]?.memberGuids).toBeNull();
    },
  );
});

describe('an entry', () => {
  it('tells an attribute that is absent from one that was cleared', async () => {
    server = await startScriptedServer(() => ({ entries: [{ dn: 'CN=a', attributes: { mail: [], title: ['Boss'] } }] }));
    connection = await openConnection(server.endpoint);
    await connection.bind('CN=sync', 'secret');
    const [entry] = await connection.search({
      base,
      scope: 'base',
      filter: '(objectClass=*)',
      attributes: ['mail', 'title', 'department'],
    });
    expect([entry?.has('mail'), entry?.text('mail')]).toEqual([true, null]);
    expect([entry?.has('department'), entry?.text('department')]).toEqual([false, null]);
    expect(entry?.text('TITLE')).toBe('Boss');
  });
});
