import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { EditRolePage } from '#components/role/edit-role-page.tsx';
import { getRole, listRoles } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Change a role' };

export default async function EditRole({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [role, { roles }] = await Promise.all([load(getRole, { id }), load(listRoles, {})]);
  if (role.builtin) redirect(`/admin/roles/${id}`);
  return <EditRolePage role={role} parents={roles} />;
}
