import { Page } from '#components/shell/page.tsx';
import type { RoleDetail } from '#lib/entitlement/schema.ts';
import { type Parent, RoleEditor } from './role-editor.tsx';
import { countOf } from './words.ts';

export function NewRolePage({ from, parents }: { from: RoleDetail | null; parents: readonly Parent[] }) {
  return (
    <Page
      title="New role"
      here="New"
      crumbs={[['Roles', '/admin/roles']]}
      sub={from ? `Begins as a copy of ${from.title}.` : 'It gives nothing until it is granted.'}
    >
      <RoleEditor changed={null} from={from} parents={parents.map(named)} />
    </Page>
  );
}

export function EditRolePage({ role, parents }: { role: RoleDetail; parents: readonly Parent[] }) {
  return (
    <Page
      title={`Change ${role.title}`}
      here="Change"
      crumbs={[
        ['Roles', '/admin/roles'],
        [role.title, `/admin/roles/${role.id}`],
      ]}
      sub={`${countOf(role.people, 'person holds', 'people hold')} it by ${countOf(role.grants, 'grant', 'grants')}.`}
    >
      <RoleEditor
        changed={role}
        from={null}
        parents={parents.filter(({ id }) => id !== role.id && !role.inheritedBy.some((heir) => heir.id === id)).map(named)}
      />
    </Page>
  );
}

/** The editor runs in the browser, which needs no more of a role than this. */
function named({ id, title }: Parent): Parent {
  return { id, title };
}
