import type { Metadata } from 'next';
import { NewRolePage } from '#components/role/edit-role-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { getRole, listRoles } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'New role' };

export default async function NewRole({ searchParams }: { searchParams: SearchParams }) {
  const [{ roles }, { from }] = await Promise.all([load(listRoles, {}), readSearch(searchParams)]);
  return <NewRolePage from={from ? await load(getRole, { id: from }) : null} parents={roles} />;
}
