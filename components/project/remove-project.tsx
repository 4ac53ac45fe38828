'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';

export function RemoveProject({ project }: { project: ProjectDetail }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const { id, title, members, people, namespaces, clusters } = project;
  return (
    <Confirm
      trigger="Remove"
      title={`Remove the project ${title}?`}
      act="Remove the project"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call('DELETE', `/projects/${id}`);
        if (!done) return false;
        toast.success(`Project ${title} is removed.`);
        router.push('/admin/projects');
        return true;
      }}
    >
      {members === 1 ? '1 grant ends' : `${members.toLocaleString('en')} grants end`} and{' '}
      {people === 1 ? '1 person loses' : `${people.toLocaleString('en')} people lose`} what rests on {members === 1 ? 'it' : 'them'}. Quota,
      limits and isolation go from {namespaces === 1 ? '1 namespace' : `${namespaces.toLocaleString('en')} namespaces`} on{' '}
      {clusters.length === 1 ? '1 cluster' : `${clusters.length} clusters`}. The namespaces and what runs in them stay.
    </Confirm>
  );
}
