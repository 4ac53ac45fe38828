import { describe, expect, it } from 'vitest';
import { type NamedAccount, readTypedName, whoIsMeant } from './login-name.ts';

const home = { domain: 'corp.example', netbios: 'CORP' };
const alice = { samAccountName: 'Alice', upn: 'alice@corp.example', ...home };
const posing = { samAccountName: 'eve', upn: 'bob@corp.example', ...home };
const bob = { samAccountName: 'bob', upn: 'robert@corp.example', ...home };
const elsewhere = { samAccountName: 'alice', upn: 'alice@lab.example', domain: 'lab.example', netbios: 'LAB' };

function meant(typed: unknown, accounts: NamedAccount[] = [alice, posing, bob]) {
  const name = readTypedName(typed);
  return name && whoIsMeant(name, accounts);
}

describe('a typed name', () => {
  it('means an account by account name, UPN, or DOMAIN\\name (SECURITY 32)', () => {
    for (const typed of ['alice', 'ALICE', ' alice', 'alice@corp.example', 'corp\\alice', 'corp.example\\ALICE'])
      expect(meant(typed)).toBe(alice);
  });

  it('that is one account’s written UPN and implied for another means the first, as in AD', () => {
    expect(meant('bob@corp.example')).toBe(posing);
    expect(meant('bob')).toBe(bob);
  });

  it('that two domains know means nobody until it says which', () => {
    expect(meant('alice', [alice, elsewhere])).toBeNull();
    expect(meant('LAB\\alice', [alice, elsewhere])).toBe(elsewhere);
    expect(meant('alice@lab.example', [alice, elsewhere])).toBe(elsewhere);
  });

  it('that two domains call by one short name needs another form', () => {
    const twin = { samAccountName: 'alice', upn: null, domain: 'corp.lab', netbios: 'CORP' };
    expect(meant('CORP\\alice', [alice, twin])).toBeNull();
    expect(meant('corp.lab\\alice', [alice, twin])).toBe(twin);
    expect(meant('alice@corp.lab', [alice, twin])).toBe(twin);
  });

  it('that another domain has written down for one of its own means nobody: no password goes where it does not belong', () => {
    const written = { samAccountName: 'mallory', upn: 'bob@corp.example', domain: 'lab.example', netbios: 'LAB' };
    expect(meant('bob@corp.example', [bob, written])).toBeNull();
    expect(meant('alice@corp.example', [alice, { ...written, upn: 'alice@corp.example' }])).toBeNull();
    expect(meant('bob@corp.example', [written])).toBe(written);
    expect(meant('CORP\\bob', [bob, written])).toBe(bob);
  });

  it('in composed and decomposed letters is the same name (SECURITY 32)', () => {
    const zoe = { samAccountName: 'zoë', upn: null, ...home };
    expect(meant('zoe\u0308', [zoe])).toBe(zoe);
  });

  it.each([
    '',
    '   ',
    'a\0b',
    'al\u200Bice',
    'alice\n',
    'a\\b\\c',
    '\\alice',
    'corp\\',
    '@corp.example',
    'alice@',
    'x'.repeat(321),
    7,
    null,
    ['alice'],
    { login: 'alice' },
  ])('is none: %j', (typed) => {
    expect(readTypedName(typed)).toBeNull();
  });

  it.each(['al\u0131ce', '\u0430lice', '\uFF41lice', 'alice.', 'alice*', '(alice)'])(
    'that only looks like alice is not her: %s (SECURITY 32)',
    (typed) => {
      expect(meant(typed)).toBeNull();
    },
  );
});
