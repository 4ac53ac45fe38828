import { describe, expect, it } from 'vitest';
import { accountState, isPersonAccount } from './account.ts';
import { domainOfBaseDn, foldAscii, isWithin, rdnsOf } from './distinguished-name.ts';
import { guidAsBase, guidFromBytes, guidToBytes } from './guid.ts';
import { logonHoursFromBytes } from './logon-hours.ts';
import { readLinks } from './objects.ts';
import { isOlder, stampsFromMetaData } from './replication-stamps.ts';
import { domainSidOf, sidFromBytes } from './sid.ts';
import { dateFromFileTime, secondsFromInterval } from './time.ts';

describe('objectGUID', () => {
  const bytes = Buffer.from('40af091579be6642986e7d13674ad010', 'hex');
  const text = '1509af40-be79-4266-986e-7d13674ad010';

  it('reads as AD writes it, and goes back', () => {
    expect(guidFromBytes(bytes)).toBe(text);
    expect(guidToBytes(text)).toEqual(bytes);
    expect(guidAsBase(text)).toBe('<GUID=40af091579be6642986e7d13674ad010>');
  });

  it('refuses anything else', () => {
    expect(() => guidFromBytes(bytes.subarray(1))).toThrow('16 bytes');
    expect(() => guidToBytes('1509af40)(objectClass=*')).toThrow('not an objectGUID');
  });
});

describe('objectSid', () => {
  it('reads sub-authorities little-endian', () => {
    const bytes = Buffer.from('010500000000000515000000e27eae2c0102030405060708f4010000', 'hex');
    const sid = sidFromBytes(bytes);
    expect(sid).toBe('S-1-5-21-749633250-67305985-134678021-500');
    expect(domainSidOf(sid)).toBe('S-1-5-21-749633250-67305985-134678021');
    expect(domainSidOf('S-1-5-32-544')).toBeNull();
    expect(() => sidFromBytes(bytes.subarray(0, 20))).toThrow('not a SID');
  });
});

describe('time', () => {
  it('reads FILETIME, and its three ways of saying never', () => {
    expect(dateFromFileTime('133485408000000000')?.toISOString()).toBe('2024-01-01T00:00:00.000Z');
    for (const never of ['0', '9223372036854775807', null, '', 'soon']) expect(dateFromFileTime(never)).toBeNull();
  });

  it('reads intervals, and "until an administrator unlocks"', () => {
    expect(secondsFromInterval('-18000000000')).toBe(1_800);
    expect(secondsFromInterval('-9223372036854775808')).toBe(0);
    expect(secondsFromInterval(null)).toBeNull();
  });
});

describe('replPropertyMetaData', () => {
  const row = (attribute: number, version: number) => {
    const bytes = Buffer.alloc(48);
    bytes.writeUInt32LE(attribute, 0);
    bytes.writeUInt32LE(version, 4);
    bytes.writeBigUInt64LE(13_300_000_000n, 8);
    Buffer.from('40af091579be6642986e7d13674ad010', 'hex').copy(bytes, 16);
    return bytes;
  };
  const head = Buffer.alloc(16);
  head.writeUInt32LE(1, 0);
  head.writeUInt32LE(2, 8);
  const blob = Buffer.concat([head, row(0x90008, 7), row(0x3, 1)]);

  it('gives version, time and server of the attributes that decide', () => {
    expect(stampsFromMetaData(blob)).toEqual({
      userAccountControl: { version: 7, time: 13_300_000_000, server: '1509af40-be79-4266-986e-7d13674ad010' },
    });
  });

  it('is no stamp when cut short or of another version', () => {
    expect(stampsFromMetaData(blob.subarray(0, 60))).toBeNull();
    expect(stampsFromMetaData(Buffer.concat([Buffer.from([2]), blob.subarray(1)]))).toBeNull();
    expect(stampsFromMetaData(null)).toBeNull();
  });

  it('orders by version, then time, then server', () => {
    const stamp = { version: 2, time: 5, server: 'b' };
    expect(isOlder(stamp, { version: 3, time: 1, server: 'a' })).toBe(true);
    expect(isOlder(stamp, { version: 2, time: 6, server: 'a' })).toBe(true);
    expect(isOlder(stamp, { version: 2, time: 5, server: 'c' })).toBe(true);
    expect(isOlder(stamp, stamp)).toBe(false);
  });
});

describe('an account', () => {
  const now = new Date();
  const fine = {
    userAccountControl: 0x200,
    accountExpiresAt: null,
    lockoutAt: null,
    logonHours: null,
    deleted: false,
    outOfScope: false,
    cut: false,
  };

  it('names the strongest reason first', () => {
    const never = '0'.repeat(42);
    const everything = {
      userAccountControl: 0x202,
      accountExpiresAt: now,
      lockoutAt: now,
      logonHours: never,
      deleted: true,
      outOfScope: true,
      cut: true,
    };
    expect(accountState(fine, 60, now)).toBe('enabled');
    expect(accountState(everything, 60, now)).toBe('deleted');
    expect(accountState({ ...everything, deleted: false }, 60, now)).toBe('cut');
    expect(accountState({ ...everything, deleted: false, cut: false }, 60, now)).toBe('out-of-scope');
    expect(accountState({ ...fine, userAccountControl: 0x202, accountExpiresAt: now }, 60, now)).toBe('disabled');
    expect(accountState({ ...fine, accountExpiresAt: now, lockoutAt: now }, 60, now)).toBe('expired');
    expect(accountState({ ...fine, lockoutAt: now, logonHours: never }, 60, now)).toBe('locked');
  });

  it('acts in its logon hours only, hour by hour of the week in UTC', () => {
    // Monday 08:00 to 09:59: hours 32 and 33, the lowest two bits of the fifth byte.
    const bytes = Buffer.alloc(21);
    bytes[4] = 0b11;
    const mornings = logonHoursFromBytes(bytes);
    const at = (time: string) => accountState({ ...fine, logonHours: mornings }, 60, new Date(time));
    expect(['2026-11-23T07:59:59Z', '2026-11-23T10:00:00Z', '2026-11-24T08:00:00Z'].map(at)).toEqual(Array(3).fill('outside-hours'));
    expect(['2026-11-23T08:00:00Z', '2026-11-23T09:59:59Z'].map(at)).toEqual(['enabled', 'enabled']);
    expect([null, Buffer.alloc(21, 0xff), Buffer.alloc(20)].map(logonHoursFromBytes)).toEqual([null, null, null]);
  });

  it('stays locked as long as the domain says, and without a word for ever', () => {
    const locked = { ...fine, lockoutAt: new Date(now.getTime() - 61_000) };
    expect(accountState(locked, 60, now)).toBe('enabled');
    expect(accountState(locked, 62, now)).toBe('locked');
    expect(accountState(locked, 0, now)).toBe('locked');
    expect(accountState(locked, null, now)).toBe('locked');
  });

  it('of a computer or a trust is no person’s', () => {
    expect([0x200, 0x10200].map(isPersonAccount)).toEqual([true, true]);
    expect([0x1000, 0x2000, 0x820].map(isPersonAccount)).toEqual([false, false, false]);
  });
});

describe('distinguished names', () => {
  it('are taken apart at commas that separate, not at those that are meant', () => {
    expect(rdnsOf('CN=Müller\\, Jörg,OU=Berlin,DC=corp,DC=example')).toEqual(['cn=müller, jörg', 'ou=berlin', 'dc=corp', 'dc=example']);
    expect(rdnsOf('CN=M\\C3\\BCller\\2C J,DC=x')).toEqual(['cn=müller, j', 'dc=x']);
  });

  it('lie within one another by whole names only', () => {
    expect(isWithin('CN=a,OU=Staff,DC=corp,DC=example', 'ou=staff, dc=corp, dc=example')).toBe(true);
    expect(isWithin('CN=a,OU=NotStaff,DC=corp,DC=example', 'OU=Staff,DC=corp,DC=example')).toBe(false);
    expect(isWithin('CN=x\\,OU=Staff\\,DC=corp\\,DC=example', 'OU=Staff,DC=corp,DC=example')).toBe(false);
    expect(isWithin('DC=corp,DC=example', '')).toBe(false);
  });

  it('give the domain', () => {
    expect(domainOfBaseDn('DC=corp,DC=example')).toBe('corp.example');
  });

  it('fold A to Z and nothing else', () => {
    expect(foldAscii('K\u212AÉſ')).toBe('k\u212AÉſ');
  });
});

describe('the links of a group', () => {
  const home = 'CN=team,OU=Groups,DC=corp,DC=example';
  const guid = '00000000-0000-0000-0000-000000000001';
  const sid = 'S-1-5-21-9-9-9-1104';
  const read = (value: string) => readLinks([Buffer.from(value)], home);
  const own = { guids: [guid], foreignSids: [] };
  const foreign = { guids: [], foreignSids: [sid] };

  it.each([
    ['an account of its own domain', `<GUID=${guid}>;<SID=${sid}>;CN=Alice,OU=People,DC=corp,DC=example`, own],
    ['in other letters', `<GUID=${guid}>;CN=Alice,dc=CORP,dc=Example`, own],
    ['with a name that looks like a domain', `<GUID=${guid}>;CN=x\\,DC=lab,OU=People,DC=corp,DC=example`, own],
    ['of a child domain', `<GUID=${guid}>;<SID=${sid}>;CN=Eve,DC=eu,DC=corp,DC=example`, foreign],
    ['of another domain', `<GUID=${guid}>;<SID=${sid}>;CN=Eve,DC=lab,DC=example`, foreign],
    ['a foreign security principal', `<GUID=${guid}>;<SID=${sid}>;CN=${sid},CN=ForeignSecurityPrincipals,DC=corp,DC=example`, foreign],
    ['one without its SID before it', `<GUID=${guid}>;CN=${sid},CN=ForeignSecurityPrincipals,DC=corp,DC=example`, foreign],
    ['a contact of another domain, which has no SID', `<GUID=${guid}>;CN=Contact,DC=lab,DC=example`, { guids: [], foreignSids: [] }],
    ['what is no more', 'CN=Gone,DC=corp,DC=example', { guids: [], foreignSids: [] }],
  ])('name %s', (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });
});
