import { Id } from '#components/ui/copy.tsx';
import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { AuthorityView, ClusterDetail, HealthView } from '#lib/cluster/schema.ts';
import { AddAuthority } from './add-authority.tsx';
import { ChangeReach } from './change-reach.tsx';
import { RemoveAuthority } from './remove-authority.tsx';

/** Does it answer, where, by which way, and whom do we trust to be it. */
export function ReachSection({ cluster, mayChange }: { cluster: ClusterDetail; mayChange: boolean }) {
  const { health, authorities } = cluster;
  return (
    <Section title="How it is reached" actions={mayChange ? <ChangeReach cluster={cluster} /> : null}>
      <Details
        items={[
          ['Answers', <Answers key="health" health={health} />],
          [
            'Address',
            <code key="url" className="break-all">
              {cluster.serverUrl}
            </code>,
          ],
          ...(cluster.serverName ? [['Server name', <code key="name">{cluster.serverName}</code>] as const] : []),
          ['Proxy', cluster.proxyUrl ? <code key="proxy">{cluster.proxyUrl}</code> : 'none, straight'],
          ['Certificate', <Certificate key="certificate" health={health} />],
        ]}
      />
      <div className="mt-4 flex items-center gap-3">
        <h3 className="font-medium text-sm">Certificate authorities</h3>
        {mayChange ? (
          <span className="ml-auto">
            <AddAuthority cluster={cluster} />
          </span>
        ) : null}
      </div>
      <ul className="mt-1 grid gap-2">
        {authorities.map((authority) => (
          <li key={authority.fingerprint} className="border-line border-t pt-2">
            <AuthorityLine authority={authority} cluster={cluster} mayRemove={mayChange && authorities.length > 1} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Certificates that end soon, before anything else on the page. */
export function EndingSoon({ warnings }: { warnings: readonly string[] }) {
  return warnings.map((sentence) => (
    <Note key={sentence} tone="warn" className="mt-5">
      {sentence}
    </Note>
  ));
}

function Answers({ health }: { health: HealthView }) {
  if (health.lookedAt === null) return <Status tone="wait">not looked at yet</Status>;
  if (health.reachable)
    return (
      <>
        <Status tone="ok">{health.latencyMs === null ? 'yes' : `in ${health.latencyMs.toLocaleString('en')} ms`}</Status>, looked at{' '}
        <Time at={health.lookedAt} />
      </>
    );
  return (
    <>
      <Status tone={health.failures > 1 ? 'bad' : 'warn'}>{health.failures > 1 ? `no, ${health.failures} tries` : 'not just now'}</Status>
      {health.nextTryAt ? (
        <>
          , again <Time at={health.nextTryAt} />
        </>
      ) : null}
      <p className="text-soft">
        {health.message} {health.reachedAt ? 'Last answer: ' : 'It never answered.'}
        {health.reachedAt ? <Time at={health.reachedAt} /> : null}
      </p>
    </>
  );
}

function Certificate({ health: { certificate, certificateAt } }: { health: HealthView }) {
  if (!certificate) return <span className="text-faint">not looked at yet</span>;
  return (
    <span title={certificateAt ? `as of ${certificateAt}` : undefined}>
      {certificate.subject || 'without a name'} from {certificate.issuer}, ends <Time at={certificate.notAfter} />
    </span>
  );
}

function AuthorityLine({ authority, cluster, mayRemove }: { authority: AuthorityView; cluster: ClusterDetail; mayRemove: boolean }) {
  return (
    <div className="grid gap-0.5">
      <div className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 break-words">{authority.subject || 'without a name'}</span>
        {authority.inUse ? <Tag tone="ok">in use</Tag> : null}
        {mayRemove ? (
          <span className="ml-auto">
            <RemoveAuthority cluster={cluster} authority={authority} />
          </span>
        ) : null}
      </div>
      <Id text={authority.fingerprint} className="text-xs" />
      <p className="text-soft text-sm">
        good since <Time at={authority.notBefore} />, ends <Time at={authority.notAfter} />
      </p>
    </div>
  );
}
