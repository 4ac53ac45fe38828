import type { Metadata } from 'next';
import { RolesPage } from '#components/role/roles-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { listRoles } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Roles' };

export default async function Roles({ searchParams }: { searchParams: SearchParams }) {
  const [me, { roles }, search] = await Promise.all([load(meGet, {}), load(listRoles, {}), readSearch(searchParams)]);
  return <RolesPage roles={roles} search={search} mayMake={me.powers.admin} />;
}
