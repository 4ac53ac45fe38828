import { describe, expect, it } from 'vitest';
import { asksForGroups, attributesOfFilter, bothOf, faultOfFilter, tidyFilter } from './filter-text.ts';

describe('a filter that an admin typed', () => {
  it.each([
    '(employeeType=internal)',
    '(&(department=IT)(!(title=Intern*)))',
    '(|(l=Gdańsk)(l=Köln))',
    '(!(userAccountControl:1.2.840.113556.1.4.803:=2))',
    '(memberOf:1.2.840.113556.1.4.1941:=CN=staff,OU=Groups,DC=corp,DC=example)',
    String.raw`(cn=Ann \28IT\29)`,
    '(whenCreated>=20200101000000.0Z)',
    '(mail=*)',
  ])('%s can be used', (text) => {
    expect(faultOfFilter(text)).toBeNull();
  });

  it.each([
    ['nothing', '', /brackets/],
    ['no brackets', 'department=IT', /brackets/],
    ['a bracket too few', '(&(department=IT)(title=x)', /brackets do not match/],
    ['a bracket too many', '(department=IT))', /brackets do not match/],
    ['two filters', '(a=b)(c=d)', /brackets do not match/],
    ['one that would end ours', '(a=b))(|(objectClass=*)', /brackets do not match/],
    ['an empty and', '(&)', /brackets do not match/],
    ['no attribute', '(=x)', /brackets do not match/],
    ['a NUL', '(cn=a\0b)', /control character/],
    ['an escaped NUL', String.raw`(cn=a\00)`, /control character/],
    ['escaped bytes of a letter', String.raw`(cn=Andr\c3\a9)`, /Type letters/],
    ['a broken escape', String.raw`(cn=a\zz)`, /brackets do not match/],
    ['no attribute in an extensible match', '(:1.2.3:=x)', /names an attribute/],
    ['too long', `(cn=${'a'.repeat(2_000)})`, /at most 2,000/],
    ['too deep', `${'(!'.repeat(25)}(a=b)${')'.repeat(25)}`, /brackets do not match/],
    ['too many conditions', `(|${'(a=b)'.repeat(101)})`, /at most 100/],
  ])('%s is refused with a sentence (SECURITY 31)', (_, text, sentence) => {
    expect(faultOfFilter(text)).toMatch(sentence);
  });

  it('may be pasted over several lines', () => {
    expect(tidyFilter(' (&\n  (department=IT)\n  ( ! (title=a b) )\n)')).toBe('(&(department=IT)(!(title=a b)))');
  });

  it('stands beside ours as a tree, so that no bracket of it reaches ours (SECURITY 31)', () => {
    expect(String(bothOf('(objectClass=user)', '(|(a=b)(c=d))'))).toBe('(&(objectClass=user)(|(a=b)(c=d)))');
    expect(bothOf('(objectClass=user)', undefined)).toBe('(objectClass=user)');
  });

  it('says which attributes decide, and whether groups do', () => {
    expect(attributesOfFilter('(&(department=IT)(|(title=x)(!(department=y))))')).toEqual(['department', 'title']);
    expect(asksForGroups('(department=IT)')).toBe(false);
    expect(asksForGroups('(&(a=b)(!(memberOf=CN=x)))')).toBe(true);
  });
});
