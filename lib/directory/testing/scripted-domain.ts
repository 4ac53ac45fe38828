/**
 * For tests alone: a small scripted domain. Its domain controllers answer all that the room asks of one (who they are, the domain, pages of
 * people and groups, single objects, what changed since a USN), out of plain lists that a test rewrites at will; `misbehave` answers first.
 */
import { createAuthority } from '#e2e/stack/certificates.ts';
import { generateSealingPair, openingKeyFromPem, seal, sealingKeyFromPem } from '#lib/config/keys.ts';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { guidAsBase, guidToBytes } from '../active-directory/guid.ts';
import { secretContext } from '../follow/following.ts';
import {
  type Answer,
  type Asked,
  type Bind,
  type BindResult,
  type ScriptedEntry,
  type ScriptedServer,
  startScriptedServer,
} from '../ldap/testing.ts';
import { insertDirectory } from '../mutations.ts';
import { createDirectoryService, type DirectoryService } from '../service.ts';
import { type AuthenticateOptions, authenticate } from '../sign-in/authenticate.ts';

export const base = 'DC=corp,DC=example';
export const syncDn = `CN=sync,${base}`;
const serverDn = `CN=NTDS Settings,${base}`;
const configurationDn = `CN=Configuration,${base}`;
const unavailableCriticalExtension = 12;
const noSuchObject = 32;
export const invalidCredentials = 49;

export function guid(n: number): string {
  return `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
}

export function sid(rid?: number): Buffer {
  const parts = [21, 1, 2, 3, ...(rid === undefined ? [] : [rid])];
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes.set([1, parts.length, 0, 0, 0, 0, 0, 5]);
  for (const [n, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + 4 * n);
  return bytes;
}

export interface ScriptedObject {
  readonly guid: string;
  readonly kind: 'person' | 'group';
  entry: ScriptedEntry;
}

export function person(n: number, login: string, attributes: ScriptedEntry['attributes'] = {}, dn = `CN=${login},${base}`): ScriptedObject {
  return {
    guid: guid(n),
    kind: 'person',
    entry: {
      dn,
      attributes: {
        objectClass: ['top', 'person', 'user'],
        objectGUID: [guidToBytes(guid(n))],
        objectSid: [sid(1_000 + n)],
        sAMAccountName: [login],
        userPrincipalName: [`${login}@corp.example`],
        displayName: [login],
        userAccountControl: ['512'],
        ...attributes,
      },
    },
  };
}

export function group(n: number, name: string, members: readonly number[], rid = 2_000 + n): ScriptedObject {
  return {
    guid: guid(n),
    kind: 'group',
    entry: {
      dn: `CN=${name},${base}`,
      attributes: {
        objectClass: ['top', 'group'],
        objectGUID: [guidToBytes(guid(n))],
        objectSid: [sid(rid)],
        sAMAccountName: [name],
        name: [name],
        groupType: ['-2147483646'],
        member: members.map((member) => `<GUID=${guid(member)}>;CN=${member},${base}`),
      },
    },
  };
}

export const domainUsers = () => group(900, 'Domain Users', [], 513);

export interface ScriptedDomain {
  objects: ScriptedObject[];
  usn: number;
  /** GUIDs that a poll of changes tells of. */
  touched: string[];
  passwords: Map<string, string>;
  /** Its own identity, by number, and up to which USN it knows its partners' changes, by theirs; null where it does not show that. */
  invocation: number;
  knows: ReadonlyMap<number, number> | null;
  misbehave: ((asked: Asked) => Answer | null) | null;
  onUserBind: ((bind: Bind) => BindResult | null) | null;
  readonly answer: (asked: Asked) => Answer;
  readonly onBind: (bind: Bind) => BindResult;
}

export function scriptedDomain(objects: ScriptedObject[]): ScriptedDomain {
  const domain: ScriptedDomain = {
    objects,
    usn: 100,
    touched: [],
    passwords: new Map(),
    invocation: 7,
    knows: null,
    misbehave: null,
    onUserBind: null,
    answer: (asked) => domain.misbehave?.(asked) ?? wellBehaved(domain, asked),
    onBind(bind) {
      if (bind.dn === syncDn) return { status: 0 };
      const right = domain.passwords.get(bind.dn) === bind.password;
      return domain.onUserBind?.(bind) ?? (right ? { status: 0 } : { status: invalidCredentials, words: '80090308: data 52e, v4563' });
    },
  };
  return domain;
}

export const asksFor = ({ attributes }: Asked, attribute: string) => attributes.includes(attribute.toLowerCase());
export const isBulkOfPeople = (asked: Asked) =>
  asksFor(asked, 'userAccountControl') && !asksFor(asked, 'objectClass') && asked.base === base;
export const isBulkOfGroups = (asked: Asked) => asksFor(asked, 'groupType') && !asksFor(asked, 'objectClass') && asked.base === base;

function wellBehaved({ objects, usn, touched, invocation, knows }: ScriptedDomain, asked: Asked): Answer {
  const all = objects.map(({ entry }) => entry);
  if (asked.base === '') return { entries: [{ dn: '', attributes: rootOf(usn) }] };
  if (asked.base === serverDn) return { entries: [{ dn: serverDn, attributes: { invocationId: [guidToBytes(guid(invocation))] } }] };
  if (asksFor(asked, 'replUpToDateVector')) return { entries: [{ dn: base, attributes: vectorOf(knows) }] };
  if (asked.base.startsWith('<GUID=')) {
    const found = objects.find((one) => guidAsBase(one.guid) === asked.base);
    return found ? { entries: [found.entry] } : { status: noSuchObject };
  }
  if (asked.bytes.includes('gatehouseNoSuchClass')) return { status: unavailableCriticalExtension };
  if (asksFor(asked, 'nETBIOSName'))
    return { entries: [{ dn: `CN=CORP,${configurationDn}`, attributes: { nETBIOSName: ['CORP'], nCName: [base] } }] };
  if (asksFor(asked, 'lockoutThreshold')) return { entries: [{ dn: base, attributes: policy }] };
  if (asksFor(asked, 'uSNChanged')) return { ending: 'silence' };
  if (asked.bytes.includes('uSNChanged')) {
    return { entries: objects.filter((one) => touched.includes(one.guid)).map(({ entry }) => entry), nextPage: '' };
  }
  if (isBulkOfGroups(asked)) return { entries: ofKind(objects, 'group'), nextPage: '' };
  if (isBulkOfPeople(asked)) return { entries: ofKind(objects, 'person'), nextPage: '' };
  const named = objects.filter((one) => asked.bytes.includes(guidToBytes(one.guid)));
  return { entries: named.length > 0 ? named.map(({ entry }) => entry) : all, nextPage: '' };
}

function vectorOf(knows: ScriptedDomain['knows']): Record<string, Buffer[]> {
  if (!knows) return {};
  const bytes = Buffer.alloc(16 + knows.size * 32);
  bytes.writeUInt32LE(2, 0);
  bytes.writeUInt32LE(knows.size, 8);
  for (const [n, [partner, usn]] of [...knows].entries()) {
    guidToBytes(guid(partner)).copy(bytes, 16 + n * 32);
    bytes.writeBigUInt64LE(BigInt(usn), 32 + n * 32);
  }
  return { replUpToDateVector: [bytes] };
}

const ofKind = (objects: readonly ScriptedObject[], kind: ScriptedObject['kind']) =>
  objects.filter((one) => one.kind === kind).map(({ entry }) => entry);

const policy = {
  objectSid: [sid()],
  lockoutThreshold: ['5'],
  lockoutDuration: ['-18000000000'],
  lockOutObservationWindow: ['-18000000000'],
};

const rootOf = (usn: number) => ({
  dnsHostName: ['dc.corp.example'],
  defaultNamingContext: [base],
  rootDomainNamingContext: [base],
  configurationNamingContext: [configurationDn],
  dsServiceName: [serverDn],
  highestCommittedUSN: [String(usn)],
});

export interface ScriptedScene extends TestDatabase {
  readonly domain: ScriptedDomain;
  readonly servers: readonly ScriptedServer[];
  readonly directoryId: string;
  readonly options: AuthenticateOptions;
  readonly service: DirectoryService;
  /** Binds of people; the sync account's own are left out. */
  userBinds(): Bind[];
  signIn(login: unknown, password: unknown, address?: string | null): Promise<{ personId: string }>;
  close(): Promise<void>;
}

/** A database with that domain connected, of one or more domain controllers in that order; nothing is read until the service is started. */
export async function scriptedScene(domain: ScriptedDomain, ...others: ScriptedDomain[]): Promise<ScriptedScene> {
  const authority = await createAuthority('scripted directory');
  const servers: ScriptedServer[] = [];
  for (const { answer, onBind } of [domain, ...others]) servers.push(await startScriptedServer(answer, { onBind, authority }));
  const test = await testDatabase();
  const pair = generateSealingPair();
  const [openingKey, sealingKey] = [openingKeyFromPem(pair.openingKeyPem), sealingKeyFromPem(pair.sealingKeyPem)];
  const urls = servers.map(({ endpoint }) => endpoint.url);
  const directoryId = await changing(test.db, (tx, touch) =>
    insertDirectory(tx, touch, {
      forestName: 'corp.example',
      domain: 'corp.example',
      netbios: 'CORP',
      baseDn: base,
      domainSid: 'S-1-5-21-1-2-3',
      lockoutThreshold: 5,
      lockoutSeconds: 1_800,
      settings: { urls, bindDn: syncDn, caPem: authority.certPem, scopeDns: [] },
      sealSecret: (id) => seal(sealingKey, Buffer.from(JSON.stringify({ password: 'sync-secret' })), secretContext(id)),
    }),
  );
  // Whoever is followed is asked first.
  await test.db.sql.query(`UPDATE domain_controller SET state = 'following' WHERE url = $1`, [urls[0]]);
  const log = createLog('scripted test');
  const options = { db: test.db, openingKey, log };
  const service = createDirectoryService({ ...options, sealingKey, workerId: 'w-test' });
  return {
    ...test,
    domain,
    servers,
    directoryId,
    options,
    service,
    userBinds: () => servers.flatMap(({ binds }) => binds).filter(({ dn }) => dn !== syncDn),
    signIn: (login, password, address = null) => authenticate(options, { login, password, address }),
    async close() {
      await service.stop();
      await Promise.all(servers.map((server) => server.stop()));
      await test.drop();
    },
  };
}
