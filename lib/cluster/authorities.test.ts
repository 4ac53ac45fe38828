import { describe, expect, test } from 'vitest';
import { type Authority, createAuthority } from '#e2e/stack/certificates.ts';
import { authoritiesIn, authoritiesMax, withAuthorities, withoutAuthority } from './authorities.ts';
import { endingSoon } from './ending.ts';

const names = ['first', 'second', 'third'] as const;
const [first, second, third] = (await Promise.all(names.map((name) => createAuthority(name)))) as [Authority, Authority, Authority];
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const fingerprintOf = (pem: string) => authoritiesIn(pem)[0]?.fingerprint ?? '';

describe('the authorities of a cluster', () => {
  test('are shown as an administrator can compare them', () => {
    const [shown] = authoritiesIn(first.certPem);
    expect(shown).toMatchObject({ subject: 'CN=first', fingerprint: expect.stringMatching(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/) });
    expect(shown?.notAfter.getTime()).toBeGreaterThan(now.getTime());
    expect(authoritiesIn('not a certificate')).toEqual([]);
  });

  test('a new one stands beside the present ones, each once, whatever else was pasted with it', () => {
    const both = withAuthorities(first.certPem, `some words\n${second.certPem}\n${first.certPem}${second.certPem}`, now);
    expect(authoritiesIn(both).map(({ subject }) => subject)).toEqual(['CN=first', 'CN=second']);
    expect(both).not.toContain('some words');
    expect(both.startsWith(first.certPem.trim().slice(0, 60))).toBe(true);
  });

  test('nothing is added that is none, that is there already, that is over, or that makes too many', () => {
    const refused = (added: string, at = now, pem = first.certPem) => {
      try {
        return withAuthorities(pem, added, at);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(refused('hello')).toBe('cluster.bad-authority');
    expect(refused('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBe('cluster.bad-authority');
    expect(refused(second.keyPem)).toBe('cluster.bad-authority');
    expect(refused(first.certPem)).toBe('cluster.authority-known');
    expect(refused(second.certPem, inDays(400))).toBe('cluster.authority-over');
    expect(authoritiesMax).toBeGreaterThanOrEqual(2);
  });

  test('an old one is taken out by its fingerprint, and never the last', () => {
    const both = withAuthorities(first.certPem, second.certPem, now);
    expect(authoritiesIn(withoutAuthority(both, fingerprintOf(first.certPem))).map(({ subject }) => subject)).toEqual(['CN=second']);
    expect(() => withoutAuthority(first.certPem, fingerprintOf(first.certPem))).toThrow(/the last certificate authority/);
    expect(() => withoutAuthority(both, fingerprintOf(third.certPem))).toThrow(/no such certificate authority/);
  });
});

test('a certificate that ends soon is said in time, and what to do about it (F16)', () => {
  const authorities = authoritiesIn(withAuthorities(first.certPem, second.certPem, now));
  const certificate = (days: number) => ({
    subject: 'api',
    issuer: 'first',
    fingerprint: '',
    notAfter: inDays(days).toISOString(),
    authority: authorities[0]?.fingerprint ?? '',
  });
  expect(endingSoon(authorities, certificate(90), now)).toEqual([]);
  expect(endingSoon(authorities, certificate(20.5), now)).toEqual([
    'The certificate of the API server ends in 20 days. Renew it in the cluster.',
  ]);
  expect(endingSoon(authorities, certificate(-1), now)[0]).toMatch(/ended on \d{4}-/);
  const late = inDays(350);
  const sentences = endingSoon(authorities, { ...certificate(0), notAfter: inDays(900).toISOString() }, late);
  expect(sentences).toHaveLength(2);
  expect(sentences[0]).toMatch(/CN=first ends in \d+ days. .*add the new authority before/);
  expect(sentences[1]).toMatch(/CN=second .*can be taken out/);
});
