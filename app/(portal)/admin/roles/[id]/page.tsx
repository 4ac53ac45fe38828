import type { Metadata } from 'next';
import { RolePage, ruleViews } from '#components/role/role-page.tsx';
import { oneOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { getRole, listGrants } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Role' };

const holdersShown = 50;

export default async function Role({ params, searchParams }: { params: Promise<{ id: string }>; searchParams: SearchParams }) {
  const { id } = await params;
  const [me, role, { grants, total }, { rules }] = await Promise.all([
    load(meGet, {}),
    load(getRole, { id }),
    load(listGrants, { roleId: id, limit: holdersShown }),
    readSearch(searchParams),
  ]);
  return <RolePage role={role} grants={grants} total={total} view={oneOf(ruleViews, rules) ?? 'own'} mayChange={me.powers.admin} />;
}
