/** What somebody should look at, in one sentence each, worst first. Pure. */
import { type BreakGlassSigns, ofBreakGlass } from '#lib/breakglass/attention.ts';
import { authoritiesIn } from '#lib/cluster/authorities.ts';
import { endingSoon } from '#lib/cluster/ending.ts';
import type { LiveReplica } from '#lib/revocation/data.ts';
import type { CertificatesRow, ClusterRow, FailedSelfTest } from './data.ts';
import type { Overview } from './schema.ts';

type Attention = Overview['attention'][number];

export type Signs = {
  readonly now: Date;
  readonly directories: readonly { domain: string; state: string; stateDetail: string | null; stateSince: Date; freshAt: Date | null }[];
  readonly clusters: readonly ClusterRow[];
  readonly certificates: readonly CertificatesRow[];
  readonly failedSelfTests: readonly FailedSelfTest[];
  readonly processes: readonly LiveReplica[];
  readonly endingSoon: number;
  readonly admins: number;
  readonly unreceipted: number;
  readonly breakGlass: BreakGlassSigns;
};

const staleAfterMs = 60_000;
const rank = { problem: 0, warning: 1, note: 2 } as const;

export function attentionOf(signs: Signs): Attention[] {
  return [
    ...ofDirectories(signs),
    ...ofClusters(signs),
    ...ofCertificates(signs),
    ...ofSelfTests(signs),
    ...ofProcesses(signs),
    ...ofGrants(signs),
    ...ofBreakGlass(signs.breakGlass),
  ].sort((a, b) => rank[a.level] - rank[b.level]);
}

function ofDirectories({ directories, now }: Signs): Attention[] {
  if (directories.length === 0)
    return [{ level: 'problem', text: 'No directory is connected: nobody can sign in.', href: '/admin/settings', since: null }];
  return directories.flatMap(({ domain, state, stateDetail, stateSince, freshAt }): Attention[] => {
    const href = '/admin/settings';
    const since = stateSince.toISOString();
    if (state === 'unreachable') return [{ level: 'problem', text: `${domain} cannot be reached${because(stateDetail)}`, href, since }];
    if (state === 'held') return [{ level: 'problem', text: `The sync of ${domain} is held${because(stateDetail)}`, href, since }];
    if (state === 'following' && (!freshAt || now.getTime() - freshAt.getTime() > staleAfterMs)) {
      return [
        {
          level: 'warning',
          text: `${domain} has not been read completely for more than a minute.`,
          href,
          since: freshAt?.toISOString() ?? null,
        },
      ];
    }
    return [];
  });
}

const clusterTrouble: Partial<Record<ClusterRow['state'], string>> = {
  unreachable: 'cannot be reached',
  'credential-invalid': 'refuses our credential',
  'wrong-cluster': 'is another cluster than the one that was registered',
};

function ofClusters({ clusters }: Signs): Attention[] {
  return clusters.flatMap(({ id, name, state, stateDetail, stateSince, syncState, message, checkedAt }): Attention[] => {
    const href = `/admin/clusters/${id}`;
    const trouble = clusterTrouble[state];
    if (trouble) return [{ level: 'problem', text: `${name} ${trouble}${because(stateDetail)}`, href, since: stateSince.toISOString() }];
    if (syncState === 'failed')
      return [
        {
          level: 'problem',
          text: `${name} could not be brought into step${because(message)}`,
          href,
          since: checkedAt?.toISOString() ?? null,
        },
      ];
    return [];
  });
}

function ofCertificates({ certificates, now }: Signs): Attention[] {
  return certificates.flatMap(({ id, name, caPem, certificate }) =>
    endingSoon(authoritiesIn(caPem), certificate, now).map(
      (sentence): Attention => ({ level: 'warning', text: `${name}: ${sentence}`, href: `/admin/clusters/${id}`, since: null }),
    ),
  );
}

function ofSelfTests({ failedSelfTests }: Signs): Attention[] {
  return failedSelfTests.map(({ id, name, since }) => ({
    level: 'problem',
    text: `${name} does not hold our accounts to what they must be able to do: its self-test failed.`,
    href: `/admin/clusters/${id}`,
    since: since.toISOString(),
  }));
}

function ofProcesses({ processes, unreceipted }: Signs): Attention[] {
  const href = '/admin';
  const found: Attention[] = [];
  for (const [role, what] of [
    ['proxy', 'door'],
    ['worker', 'worker'],
  ] as const) {
    if (!processes.some((process) => process.role === role && process.live))
      found.push({ level: 'problem', text: `No ${what} is running.`, href, since: null });
  }
  if (unreceipted > 0)
    found.push({
      level: 'warning',
      text: `${unreceipted} of the latest cut-offs ${unreceipted === 1 ? 'is' : 'are'} not acknowledged by every door yet.`,
      href,
      since: null,
    });
  return found;
}

function ofGrants({ endingSoon, admins }: Signs): Attention[] {
  const found: Attention[] = [];
  if (admins === 0)
    found.push({ level: 'problem', text: 'Nobody who can sign in is a platform admin.', href: '/admin/access', since: null });
  else if (admins === 1) found.push({ level: 'note', text: 'Only one person is a platform admin.', href: '/admin/access', since: null });
  if (endingSoon > 0)
    found.push({
      level: 'note',
      text: `${endingSoon} ${endingSoon === 1 ? 'grant ends' : 'grants end'} within 7 days.`,
      href: '/admin/access?state=ending',
      since: null,
    });
  return found;
}

function because(detail: string | null): string {
  return detail ? `: ${detail.replace(/\.$/, '')}.` : '.';
}
