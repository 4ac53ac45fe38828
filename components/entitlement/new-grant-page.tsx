import { Page } from '#components/shell/page.tsx';
import type { Option } from '#components/ui/combobox.tsx';
import type { ClusterChoice, ProjectChoice, RoleChoice } from './choices.ts';
import { GrantForm } from './grant-form.tsx';

type Props = {
  roles: readonly RoleChoice[];
  clusters: readonly ClusterChoice[];
  projects: readonly ProjectChoice[];
  subject: Option | null;
  roleId: string | undefined;
  projectId: string | undefined;
};

export function NewGrantPage(props: Props) {
  return (
    <Page
      crumbs={[['Grants', '/admin/access']]}
      here="New"
      title="Grant access"
      sub="Who, what, where, until; then the review says what it would change, before it does."
    >
      <GrantForm {...props} />
    </Page>
  );
}
