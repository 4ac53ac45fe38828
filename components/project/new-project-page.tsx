import { Page } from '#components/shell/page.tsx';
import type { ClusterChoice } from './namespace-fields.tsx';
import { NewProjectForm } from './new-project-form.tsx';

export function NewProjectPage({ clusters }: { clusters: readonly ClusterChoice[] }) {
  return (
    <Page
      title="New project"
      here="New"
      crumbs={[['Projects', '/admin/projects']]}
      narrow
      sub="Namespaces, and the fence around them. Members are added when it stands."
    >
      <NewProjectForm clusters={clusters} />
    </Page>
  );
}
