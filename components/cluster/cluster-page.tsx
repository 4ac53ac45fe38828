import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { Id } from '#components/ui/copy.tsx';
import { counted } from '#components/ui/count.ts';
import { Details } from '#components/ui/facts.tsx';
import { Labels } from '#components/ui/labels.tsx';
import { Note } from '#components/ui/note.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PowersView } from '#lib/cluster/powers-schema.ts';
import type { ClusterDetail, ClusterStatusView, NamespaceView } from '#lib/cluster/schema.ts';
import { ApproveRebuilt } from './approve-rebuilt.tsx';
import { ChangeCluster } from './change-cluster.tsx';
import { ClusterStatus, SyncStatus } from './cluster-state.tsx';
import { LookNow } from './look-now.tsx';
import { NamespaceTable } from './namespace-table.tsx';
import { PlanTable } from './plan-table.tsx';
import { PowersSection } from './powers-section.tsx';
import { EndingSoon, ReachSection } from './reach-section.tsx';
import { RemoveCluster } from './remove-cluster.tsx';
import { RepairCluster } from './repair-cluster.tsx';
import { SelfTestSection } from './self-test-section.tsx';

type Props = {
  cluster: ClusterDetail;
  status: ClusterStatusView;
  namespaces: readonly NamespaceView[];
  powers: PowersView | null;
  people: number;
  mayChange: boolean;
};

export function ClusterPage({ cluster, status, namespaces, powers, people, mayChange }: Props) {
  const standing = cluster.state !== 'removed';
  return (
    <Page
      crumbs={[['Clusters', '/admin/clusters']]}
      here={cluster.name}
      title={cluster.title ? `${cluster.title} (${cluster.name})` : cluster.name}
      sub={
        <span className="flex flex-wrap items-center gap-2">
          <ClusterStatus state={cluster.state} detail={cluster.stateDetail} />
          {standing ? <SyncStatus {...status} /> : null}
          <Labels labels={cluster.labels} />
          <span>{cluster.version}</span>
        </span>
      }
      actions={
        mayChange && standing ? (
          <>
            <LookNow id={cluster.id} />
            <ChangeCluster cluster={cluster} />
            <RepairCluster cluster={cluster} people={people} />
            <RemoveCluster cluster={cluster} people={people} />
          </>
        ) : null
      }
    >
      <Live seconds={3} />
      <Troubles cluster={cluster} status={status} people={people} mayChange={mayChange} />
      {standing ? <EndingSoon warnings={cluster.warnings} /> : null}
      <Columns>
        <div className="min-w-0">
          <Section title={`Namespaces (${namespaces.length})`}>
            <NamespaceTable namespaces={namespaces} />
          </Section>
          <Section title="Last plan">
            <PlanTable steps={status.lastPlan} />
          </Section>
        </div>
        <div className="min-w-0">
          <Section title="In step">
            <InStep status={status} people={people} entries={cluster.entries} strict={cluster.strict} />
          </Section>
          {powers ? (
            <>
              <PowersSection cluster={cluster} powers={powers} people={people} mayChange={mayChange && standing} />
              <SelfTestSection id={cluster.id} selfTest={powers.selfTest} mayRun={mayChange && standing} />
            </>
          ) : null}
          {standing ? <ReachSection cluster={cluster} mayChange={mayChange} /> : null}
          <Section title="Registration">
            <Registration cluster={cluster} />
          </Section>
        </div>
      </Columns>
    </Page>
  );
}

function Troubles({ cluster, status, people, mayChange }: Pick<Props, 'cluster' | 'status' | 'people' | 'mayChange'>) {
  if (cluster.state === 'removed') return <Note className="mt-5">Removed. Its name is never used again.</Note>;
  if (cluster.state !== 'ready')
    return (
      <Note tone={cluster.state === 'joining' ? undefined : 'bad'} className="mt-5">
        <b className="font-semibold">
          <ClusterStatus state={cluster.state} />
        </b>{' '}
        since <Time at={cluster.stateSince} />. {cluster.stateDetail}{' '}
        {cluster.state === 'credential-invalid' ? 'Paste a kubeconfig under “Renew our accounts”.' : ''}
        {mayChange && cluster.state === 'wrong-cluster' && cluster.health.strangerUid ? (
          <p className="mt-2">
            <ApproveRebuilt cluster={cluster} uid={cluster.health.strangerUid} people={people} />
          </p>
        ) : null}
      </Note>
    );
  if (status.state === 'failed')
    return (
      <Note tone="bad" className="mt-5">
        <b className="font-semibold">Not everything could be applied.</b> {status.message}
      </Note>
    );
  return null;
}

function InStep({ status, people, entries, strict }: { status: ClusterStatusView; people: number; entries: number; strict: boolean }) {
  return (
    <Details
      items={[
        ['State', <SyncStatus key="state" {...status} />],
        ['Last in step', status.convergedAt ? <Time key="since" at={status.convergedAt} /> : 'not yet'],
        ['Looked at', status.checkedAt ? <Time key="at" at={status.checkedAt} /> : 'not yet'],
        ['Our objects', status.objects.toLocaleString('en')],
        ['Put right', counted(status.mended, 'time')],
        ['People with a right', `${people.toLocaleString('en')}${strict ? `, ${entries.toLocaleString('en')} known to the cluster` : ''}`],
      ]}
    />
  );
}

function Registration({ cluster }: { cluster: ClusterDetail }) {
  const age = (credential: ClusterDetail['doorCredential']) =>
    credential ? (
      <>
        renewed <Time at={credential.renewedAt} />, ends <Time at={credential.expiresAt} />
      </>
    ) : (
      <span className="text-faint">none</span>
    );
  return (
    <Details
      items={[
        ['kube-system', <Id key="uid" text={cluster.kubeSystemUid} />],
        ['Door credential', age(cluster.doorCredential)],
        ['Reconciler’s', age(cluster.reconcileCredential)],
        [
          'Registered',
          <>
            <Time at={cluster.registeredAt} />
            {cluster.registeredBy ? (
              <>
                {' '}
                by <TextLink href={`/admin/people/${cluster.registeredBy.id}`}>{cluster.registeredBy.name}</TextLink>
              </>
            ) : null}
          </>,
        ],
        ['Id', <Id key="id" text={cluster.id} />],
      ]}
    />
  );
}
