import { expect, test } from 'vitest';
import { createAuthority, issue } from '#e2e/stack/certificates.ts';
import { authoritiesIn } from '#lib/cluster/authorities.ts';
import { attentionOf, type Signs } from './attention.ts';

const now = new Date();
const quiet: Signs = {
  now,
  directories: [],
  clusters: [],
  certificates: [],
  failedSelfTests: [],
  processes: [],
  endingSoon: 0,
  admins: 2,
  unreceipted: 0,
  breakGlass: { off: { by: 'admin' }, setUp: true, accounts: [], alerts: [] },
};

test('a certificate of a cluster that ends soon is on the overview, with the page where it is mended (F16)', async () => {
  const authority = await createAuthority('old');
  const { certPem } = await issue(authority, { commonName: 'next', until: new Date(now.getTime() + 3.5 * 86_400_000) });
  const inUse = authoritiesIn(authority.certPem)[0]?.fingerprint ?? '';
  const certificate = { subject: 'api', issuer: 'old', fingerprint: 'x', notAfter: now.toISOString(), authority: inUse };
  const found = attentionOf({
    ...quiet,
    certificates: [
      { id: 'c-1', name: 'east', caPem: authority.certPem + certPem, certificate },
      { id: 'c-2', name: 'west', caPem: authority.certPem, certificate: null },
    ],
  });
  expect(found.filter(({ href }) => href.startsWith('/admin/clusters'))).toEqual([
    {
      level: 'warning',
      text: expect.stringMatching(/^east: The certificate of the API server ended/),
      href: '/admin/clusters/c-1',
      since: null,
    },
    { level: 'warning', text: expect.stringMatching(/^east: .*CN=next ends in 3 days/), href: '/admin/clusters/c-1', since: null },
  ]);
});

test('another cluster behind a known address is a problem, not a warning (F18)', () => {
  const cluster = {
    id: 'c-1',
    name: 'east',
    state: 'wrong-cluster',
    stateDetail: null,
    stateSince: now,
  } as unknown as Signs['clusters'][number];
  expect(attentionOf({ ...quiet, clusters: [cluster] })).toContainEqual(
    expect.objectContaining({ level: 'problem', text: 'east is another cluster than the one that was registered.' }),
  );
});
