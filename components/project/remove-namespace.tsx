'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { ProjectNamespaceView } from '#lib/project/schema.ts';

type Props = { projectId: string; title: string; namespace: ProjectNamespaceView; people: number };

export function RemoveNamespace({ projectId, title, namespace: { clusterId, cluster, name }, people }: Props) {
  return (
    <ConfirmCall
      trigger="Take out"
      look="link"
      size="small"
      title={`Take ${name} on ${cluster} out of ${title}?`}
      act="Take it out"
      method="DELETE"
      path={`/projects/${projectId}/namespaces/${clusterId}/${name}`}
      done={() => `${name} is out of the project.`}
    >
      {people === 0 ? 'No member' : people === 1 ? '1 person' : `${people.toLocaleString('en')} people`} of the project{' '}
      {people === 1 ? 'loses' : 'lose'} access to it, unless another grant gives it; open streams there are asked again. Quota, limits and
      isolation of the project go. The namespace and what runs in it stay.
    </ConfirmCall>
  );
}
