'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { ProjectNamespaceView } from '#lib/project/schema.ts';

type Props = { projectId: string; title: string; namespace: ProjectNamespaceView; people: number };

export function RemoveNamespace({ projectId, title, namespace: { clusterId, cluster, name }, people }: Props) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Take out"
      look="link"
      size="small"
      title={`Take ${name} on ${cluster} out of ${title}?`}
      act="Take it out"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call('DELETE', `/projects/${projectId}/namespaces/${clusterId}/${name}`);
        if (!done) return false;
        toast.success(`${name} is out of the project.`);
        router.refresh();
        return true;
      }}
    >
      {people === 0 ? 'No member' : people === 1 ? '1 person' : `${people.toLocaleString('en')} people`} of the project{' '}
      {people === 1 ? 'loses' : 'lose'} access to it, unless another grant gives it; open streams there are asked again. Quota, limits and
      isolation of the project go. The namespace and what runs in it stay.
    </Confirm>
  );
}
