import { Page } from '#components/shell/page.tsx';
import { RegisterForm } from './register-form.tsx';

export function RegisterPage() {
  return (
    <Page
      crumbs={[['Clusters', '/admin/clusters']]}
      here="Register"
      title="Register a cluster"
      sub="Two small accounts are made there: one through which people work, one that keeps the rights true. Both are named on the cluster's page."
      narrow
    >
      <div className="mt-6">
        <RegisterForm after="/admin/clusters" />
      </div>
    </Page>
  );
}
