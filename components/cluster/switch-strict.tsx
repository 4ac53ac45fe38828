'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';
import type { PowersView } from '#lib/cluster/powers-schema.ts';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

/** Strict is left by an admin's own decision, told beforehand what it means, and never by a count. */
export function SwitchStrict({ cluster, mode, people }: { cluster: ClusterDetail; mode: PowersView['mode']; people: number }) {
  const change = { method: 'PATCH' as const, path: `/clusters/${cluster.id}`, body: () => ({ strict: !cluster.strict }) };
  if (!cluster.strict)
    return (
      <ConfirmCall
        trigger="Make strict"
        title={`Make ${cluster.name} strict?`}
        act="Make it strict"
        look="plain"
        size="small"
        {...change}
        done={() => `${cluster.name} is strict again.`}
      >
        Our account there may then act only as the {counted(people, 'person', 'people')} who have a right there. Until the cluster has
        confirmed their names, which takes seconds, they read that their access is on its way; what they hold open stays.
      </ConfirmCall>
    );
  return (
    <ConfirmCall
      trigger="Leave strict"
      title={`Let our account act as anybody in ${cluster.name}?`}
      act="Leave strict"
      size="small"
      {...change}
      done={() => `${cluster.name} is not strict any more.`}
    >
      <p>
        Now our account there may act as {counted(people, 'person', 'people')}, each by name. Without strict it may act under any user name
        that the cluster knows.
      </p>
      <p className="mt-2">
        {mode === 'constrained'
          ? 'Whoever steals its token could then be a controller of Kubernetes itself (system:kube-controller-manager), though only within what our roles here grant: the server limits that further. With a platform admin among them, that is everything.'
          : 'Whoever steals its token could then be a controller of Kubernetes itself (system:kube-controller-manager) and read every secret of the cluster. Nothing else limits it there.'}
      </p>
      <p className="mt-2">Nobody gains a right by this, and a new person no longer waits for their name to arrive.</p>
    </ConfirmCall>
  );
}
