import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { Facts } from '#components/ui/facts.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { Time } from '#components/ui/time.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';
import { AddMember, type RoleChoice } from './add-member.tsx';
import { AddNamespace } from './add-namespace.tsx';
import { ChangeProject } from './change-project.tsx';
import { FenceFacts } from './fence-facts.tsx';
import { MemberTable } from './member-table.tsx';
import type { ClusterChoice } from './namespace-fields.tsx';
import { NamespaceTable } from './namespace-table.tsx';
import { usesOf } from './quantity.ts';
import { RemoveProject } from './remove-project.tsx';

type Props = {
  project: ProjectDetail;
  /** What a new member or namespace can be chosen from; empty for those who may not change the project. */
  clusters: readonly ClusterChoice[];
  roles: readonly RoleChoice[];
  /** Auditors and admins; an owner sees this project and no page beyond it. */
  seesAll: boolean;
};

export function ProjectPage({ project, clusters, roles, seesAll }: Props) {
  const { id, name, title, description, mayChange, namespaces, people } = project;
  return (
    <Page
      title={title}
      crumbs={[['Projects', '/admin/projects']]}
      sub={
        <>
          <code>{name}</code> · made <Time at={project.createdAt} />
          {description ? <p className="mt-1 max-w-prose">{description}</p> : null}
        </>
      }
      actions={
        mayChange ? (
          <>
            <ChangeProject project={project} />
            <RemoveProject project={project} />
          </>
        ) : null
      }
    >
      <Live />
      <div className="mt-5">
        <Facts
          items={[
            {
              figure: namespaces.toLocaleString('en'),
              text: `${namespaces === 1 ? 'namespace' : 'namespaces'} on ${project.clusters.join(', ') || 'no cluster yet'}`,
            },
            {
              figure: people.toLocaleString('en'),
              text: `${people === 1 ? 'person works' : 'people work'} here, by ${project.members} ${project.members === 1 ? 'grant' : 'grants'}`,
            },
            fullest(project),
            { figure: project.podSecurity, text: `Pod Security; network ${project.isolated ? 'isolated, not verified' : 'open'}` },
          ]}
        />
      </div>
      <Section title="Namespaces" actions={mayChange ? <AddNamespace projectId={id} clusters={clusters} people={people} /> : null}>
        <NamespaceTable project={project} mayOpenCluster={seesAll} />
      </Section>
      <Columns>
        <Section
          title="Members"
          actions={mayChange ? <AddMember projectId={id} title={title} namespaces={namespaces} roles={roles} /> : null}
        >
          <MemberTable project={project} mayOpenDirectory={seesAll} />
        </Section>
        <Section title="In each namespace">
          <FenceFacts project={project} />
        </Section>
      </Columns>
    </Page>
  );
}

/** The resource that will refuse first, of all namespaces: what somebody should look at. */
function fullest({ namespaceList, quota }: ProjectDetail) {
  const [first] = namespaceList
    .flatMap((namespace) => (namespace.quota ? usesOf(namespace.quota).map((use) => ({ ...use, namespace })) : []))
    .sort((a, b) => (b.share ?? -1) - (a.share ?? -1));
  if (!first || first.share === null) return { figure: '–', text: quota ? 'no quota counted yet' : 'no quota' };
  return {
    figure: `${Math.round(first.share * 100)} %`,
    text: `fullest quota: ${first.resource} in ${first.namespace.name} on ${first.namespace.cluster}`,
  };
}
