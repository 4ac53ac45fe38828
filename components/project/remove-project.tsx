'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';

export function RemoveProject({ project }: { project: ProjectDetail }) {
  const { id, title, members, people, namespaces, clusters } = project;
  return (
    <ConfirmCall
      trigger="Remove"
      title={`Remove the project ${title}?`}
      act="Remove the project"
      method="DELETE"
      path={`/projects/${id}`}
      done={() => `Project ${title} is removed.`}
      leaveTo="/admin/projects"
    >
      {members === 1 ? '1 grant ends' : `${members.toLocaleString('en')} grants end`} and{' '}
      {people === 1 ? '1 person loses' : `${people.toLocaleString('en')} people lose`} what rests on {members === 1 ? 'it' : 'them'}. Quota,
      limits and isolation go from {namespaces === 1 ? '1 namespace' : `${namespaces.toLocaleString('en')} namespaces`} on{' '}
      {clusters.length === 1 ? '1 cluster' : `${clusters.length} clusters`}. The namespaces and what runs in them stay.
    </ConfirmCall>
  );
}
