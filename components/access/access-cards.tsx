import { ButtonLink } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Labels } from '#components/ui/labels.tsx';
import { Status } from '#components/ui/status.tsx';
import { Time } from '#components/ui/time.tsx';
import type { AccessCluster } from '#lib/entitlement/schema.ts';

/** One card for each cluster that somebody may enter, in plain words. */
export function AccessCards({ clusters, contact }: { clusters: readonly AccessCluster[]; contact: string | null }) {
  return (
    <ul className="mt-6 grid gap-3.5 sm:grid-cols-2 xl:grid-cols-3">
      {clusters.map((cluster) => (
        <li key={cluster.id}>
          <ClusterCard cluster={cluster} />
        </li>
      ))}
      <li>
        <Card dashed className="h-full">
          <p className="font-semibold">Something missing?</p>
          <p className="mt-1.5 text-soft">
            Roles are given by the platform admins, and in a project by its owners.{' '}
            {contact ? <>Ask {contact}.</> : 'Tell them which role you need, where, and until when.'}
          </p>
        </Card>
      </li>
    </ul>
  );
}

function ClusterCard({ cluster }: { cluster: AccessCluster }) {
  return (
    <Card className="flex h-full flex-col">
      <div className="flex items-center gap-2">
        <h2 className="font-semibold">{cluster.title ?? cluster.name}</h2>
        <Labels labels={cluster.labels} valuesOnly />
        <span className="ml-auto">
          <EntryState cluster={cluster} />
        </span>
      </div>
      <ul className="mt-1.5 text-soft">
        {cluster.grants.map((grant) => (
          <li key={grant.grantId}>
            <b className="font-semibold text-ink">{grant.role.title}</b> {placeWords(grant)}
            {grant.until ? (
              <>
                , ends <Time at={grant.until} />
              </>
            ) : null}
          </li>
        ))}
      </ul>
      <details className="mt-1 mb-3 text-sm">
        <summary className="w-fit rounded-sm text-accent hover:underline">What may I do, and why?</summary>
        <ul className="mt-1 grid gap-1.5 text-soft">
          {cluster.grants.map(({ grantId, role, group }) => (
            <li key={grantId}>
              <b className="font-semibold">{role.title}</b>, {group ? `through the group ${group.name}` : 'granted to you yourself'}:{' '}
              {role.may.join('; ') || 'nothing by itself'}.
            </li>
          ))}
        </ul>
      </details>
      <div className="mt-auto">
        <ButtonLink href={`/connect?cluster=${cluster.id}`} size="small">
          Connect
        </ButtonLink>
      </div>
    </Card>
  );
}

function EntryState({ cluster }: { cluster: AccessCluster }) {
  if (cluster.state === 'unreachable') return <Status tone="bad">cannot be reached</Status>;
  if (cluster.state !== 'ready') return <Status tone="warn">not ready</Status>;
  return cluster.entered ? <Status tone="ok">ready</Status> : <Status tone="wait">your access is on its way</Status>;
}

function placeWords({ project, namespaces }: AccessCluster['grants'][number]) {
  if (namespaces === 'all') return 'in all of it';
  const named = namespaces.slice(0, 4).join(', ') + (namespaces.length > 4 ? ` and ${namespaces.length - 4} more` : '');
  return project ? (
    <>
      in <b className="font-semibold">{project.title}</b> {named ? `(${named})` : '(no namespace here yet)'}
    </>
  ) : (
    <>
      in <b className="font-semibold">{named || 'no namespace yet'}</b>
    </>
  );
}
