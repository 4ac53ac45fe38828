import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BerReader, BerWriter, Client, Control, InsufficientAccessError, StrongAuthRequiredError } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from './progress.ts';
import { clientFor } from './samba/administrator.ts';
import { type Directory, ensureSamba, startDirectory } from './samba.ts';
import { createWarden, type Warden } from './warden.ts';

let place: string;
let warden: Warden;
let directory: Directory;

beforeAll(async () => {
  await ensureSamba(silentProgress);
  place = mkdtempSync(join(tmpdir(), 'gatehouse-directory-'));
  warden = await createWarden();
  directory = await startDirectory({ directory: join(place, 'one'), warden, progress: silentProgress });
});

afterAll(async () => {
  await directory?.stop();
  await warden?.close();
  rmSync(place, { recursive: true, force: true });
});

describe('the domain corp.example', () => {
  it('lets every named account in with its password, by its distinguished name and by its UPN', async () => {
    for (const login of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'joerg', 'oneill', 'zoe', 'tyamada', 'mixedcase']) {
      const { dn, upn, password } = directory.user(login);
      expect(await bindResult(dn, password), login).toBe('in');
      expect(await bindResult(upn, password), upn).toBe('in');
    }
  });

  it('keeps out who is disabled, expired, locked or has to change the password, each for its own reason', async () => {
    const leaver = Object.values(directory.users).find(({ dn }) => dn.includes('OU=Leavers'));
    expect(await bindResult(leaver?.dn ?? '', leaver?.password ?? '')).toBe('533');
    expect(await reasonFor('heidi')).toBe('701');
    expect(await reasonFor('greta')).toBe('775');
    expect(await reasonFor('oskar')).toBe('775');
    expect(await reasonFor('kofi')).toBe('773');
    expect(await reasonFor('judy')).toBe('in');
  });

  it('locks an account after five wrong passwords, and an administrator unlocks it', async () => {
    const { dn, password } = directory.user('anna.abara');
    for (let n = 0; n < 4; n++) expect(await bindResult(dn, 'wrong')).toBe('52e');
    expect(await bindResult(dn, password)).toBe('in');
    for (let n = 0; n < 5; n++) await bindResult(dn, 'wrong');
    expect(await bindResult(dn, password)).toBe('775');
    await directory.modify(dn, { lockoutTime: '0' });
    expect(await bindResult(dn, password)).toBe('in');
  });

  it('has about 300 people as the plain service account sees them, with the names that syncs get wrong', async () => {
    const people = await searchAs(directory.serviceDn, directory.servicePassword, '(&(objectClass=user)(!(objectClass=computer)))');
    expect(people.length).toBeGreaterThan(295);
    expect(people.map(({ dn }) => dn)).toEqual(expect.arrayContaining([directory.user('zoe').dn, directory.user('tyamada').dn]));
    const comma = people.find((one) => one.sAMAccountName === 'joerg');
    expect(comma?.cn).toBe('Müller, Jörg');
    expect(comma?.memberOf).toContain('CN=dept-engineering,OU=Groups,DC=corp,DC=example');
  });

  it('has groups inside groups inside groups, a circle, an empty one, a distribution list and one of more than 150', async () => {
    const members = async (dn: string) => {
      const [found] = await searchAs(directory.serviceDn, directory.servicePassword, '(objectClass=group)', dn);
      return { members: [found?.member ?? []].flat().map(String), type: Number(found?.groupType) };
    };
    const { groups } = directory;
    expect((await members(groups.shopDevelopers)).members).toContain(groups.teamShop);
    expect((await members(groups.teamShop)).members).toContain(groups.teamShopWeb);
    expect((await members(groups.teamShopWeb)).members).toContain(directory.user('alice').dn);
    const [first, second, third] = groups.cycle;
    expect((await members(first)).members).toContain(second);
    expect((await members(second)).members).toContain(third);
    expect((await members(third)).members).toContain(first);
    expect((await members(groups.empty)).members).toEqual([]);
    expect((await members(groups.allStaff)).members.length).toBeGreaterThan(150);
    expect((await members(groups.distribution)).type & 0x80000000).toBe(0);
    expect((await members(groups.auditors)).type & 0x80000000).not.toBe(0);
  });

  it('puts frank into no group that the demo gives access to', async () => {
    const { groups } = directory;
    const filter = `(member:1.2.840.113556.1.4.1941:=${directory.user('frank').dn})`;
    const his = (await searchAs(directory.serviceDn, directory.servicePassword, filter)).map(({ dn }) => dn);
    for (const group of [groups.shopDevelopers, groups.paymentsDevelopers, groups.platformAdmins, groups.auditors])
      expect(his).not.toContain(group);
    expect(his).toContain(groups.allStaff);
  });
});

describe('its rights', () => {
  it('lets only the replicating account use DirSync without OBJECT_SECURITY, and only that one sees deleted people', async () => {
    const { followerDn, followerPassword, serviceDn, servicePassword } = directory;
    await expect(dirSync(serviceDn, servicePassword)).rejects.toBeInstanceOf(InsufficientAccessError);
    const { dn } = await directory.createUser({ login: 'shortlived', displayName: 'Short, Lived' });
    const before = await dirSync(followerDn, followerPassword);
    await directory.deleteUser('shortlived');
    const since = await dirSync(followerDn, followerPassword, before.cookie);
    const tombstone = since.entries.find((one) => one.isDeleted === 'TRUE');
    expect(tombstone?.dn).toMatch(/^CN=Short\\, Lived\\0ADEL:/);
    expect(tombstone?.dn).not.toBe(dn);
  });

  it('refuses a simple bind without TLS', async () => {
    const client = new Client({ url: directory.url.replace('ldaps:', 'ldap:').replace(':636', ':389'), timeout: 5_000 });
    await expect(client.bind(directory.serviceDn, directory.servicePassword)).rejects.toBeInstanceOf(StrongAuthRequiredError);
    await client.unbind();
  });

  it('shows a certificate that is good for its name and its address, and for nothing else', async () => {
    const bindTo = async (servername: string) => {
      const client = clientFor({ ...directory, serverName: servername });
      await client.bind(directory.serviceDn, directory.servicePassword).finally(() => client.unbind());
    };
    await bindTo('dc1.corp.example');
    await expect(bindTo('dc9.corp.example')).rejects.toThrow(/altnames|does not match/i);
  });
});

describe('changes by LDAP', () => {
  it('disable and enable an account, add and remove a member, set a password, move a person', async () => {
    const { dn, password } = directory.user('ben.hoffmann');
    await directory.setDisabled('ben.hoffmann', true);
    expect(await bindResult(dn, password)).toBe('533');
    await directory.setDisabled('ben.hoffmann', false);
    await directory.setPassword('ben.hoffmann', 'Quite-another-7');
    expect(await bindResult(dn, 'Quite-another-7')).toBe('in');
    await directory.addMember(directory.groups.auditors, dn);
    await directory.removeMember(directory.groups.auditors, dn);
    const newDn = dn.replace('OU=Berlin', 'OU=Lisbon');
    await directory.move(dn, newDn);
    expect(await directory.find('ben.hoffmann')).toBe(newDn);
  });
});

describe('its life', () => {
  it('runs beside another one that knows nothing of its changes', async () => {
    const other = await startDirectory({ directory: join(place, 'other'), warden, progress: silentProgress });
    try {
      expect(other.address).not.toBe(directory.address);
      await other.setDisabled('bob', true);
      expect(await reasonFor('bob')).toBe('in');
    } finally {
      await other.stop();
    }
  });

  it('comes back after a restart with what was changed', async () => {
    await directory.setDisabled('clara.otieno', true);
    await directory.restart();
    expect(await reasonFor('clara.otieno')).toBe('533');
  });

  it('keeps its address and its authority from one run to the next', async () => {
    const options = { directory: join(place, 'again'), warden, progress: silentProgress };
    const first = await startDirectory(options);
    await first.stop();
    const second = await startDirectory(options);
    await second.stop();
    expect([second.address, second.caPem]).toEqual([first.address, first.caPem]);
  });

  it('can be held still, so that its silence can be tested', async () => {
    const client = clientFor(directory);
    await client.bind(directory.serviceDn, directory.servicePassword);
    directory.pause();
    const answer = client.search('', { scope: 'base', attributes: ['highestCommittedUSN'] }).then(() => 'answered');
    const silence = new Promise((resolve) => setTimeout(resolve, 500, 'silent'));
    expect(await Promise.race([answer, silence])).toBe('silent');
    directory.resume();
    expect(await answer).toBe('answered');
    await client.unbind();
  });

  it('says in a sentence that an address is taken', async () => {
    const second = startDirectory({ directory: join(place, 'second'), warden, address: directory.address, progress: silentProgress });
    await expect(second).rejects.toThrow(`Another directory listens on ${directory.address}`);
  });
});

async function reasonFor(login: string): Promise<string> {
  const { dn, password } = directory.user(login);
  return bindResult(dn, password);
}

/** "in", or the reason that AD gives in its own code. */
async function bindResult(name: string, password: string): Promise<string> {
  const client = clientFor(directory);
  try {
    await client.bind(name, password);
    return 'in';
  } catch (error) {
    return /data (\w+)/.exec(String(error))?.[1] ?? String(error);
  } finally {
    await client.unbind();
  }
}

async function searchAs(dn: string, password: string, filter: string, base = directory.baseDn) {
  const client = clientFor(directory);
  try {
    await client.bind(dn, password);
    return (await client.search(base, { scope: 'sub', filter, paged: { pageSize: 500 } })).searchEntries;
  } finally {
    await client.unbind();
  }
}

/** One DirSync without OBJECT_SECURITY: flags 0, everything at once. Gives what changed since the cookie, and the next cookie. */
async function dirSync(dn: string, password: string, cookie: Buffer = Buffer.alloc(0)) {
  const client = clientFor(directory);
  const control = new DirSyncControl(cookie);
  try {
    await client.bind(dn, password);
    const filter = '(objectClass=user)';
    const { searchEntries } = await client.search(
      directory.baseDn,
      { scope: 'sub', filter, attributes: ['sAMAccountName', 'isDeleted'] },
      control,
    );
    return { entries: searchEntries, cookie: control.cookie };
  } finally {
    await client.unbind();
  }
}

class DirSyncControl extends Control {
  cookie: Buffer;
  constructor(cookie: Buffer) {
    super('1.2.840.113556.1.4.841', { critical: true });
    this.cookie = cookie;
  }
  override writeControl(writer: BerWriter) {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(0);
    value.writeInt(0x7fffffff);
    value.writeBuffer(this.cookie, 0x04);
    value.endSequence();
    writer.writeBuffer(value.buffer, 0x04);
  }
  override parseControl(reader: BerReader) {
    reader.readSequence();
    reader.readInt();
    reader.readInt();
    this.cookie = Buffer.from(reader.readString(0x04, true) ?? []);
  }
}
