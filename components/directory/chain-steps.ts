import { createElement } from 'react';
import type { ChainStep } from '#components/ui/chain.tsx';
import type { Chain } from '#lib/entitlement/schema.ts';

const joints: Readonly<Record<string, string>> = { group: 'in', grant: 'holds', role: 'gives', rule: 'permits', cluster: 'on' };
const pages: Readonly<Record<string, string>> = {
  person: '/admin/people',
  group: '/admin/groups',
  role: '/admin/roles',
  cluster: '/admin/clusters',
};

/** Person in group in group holds grant gives role, and the group that the cluster knows it by. */
export function stepsOf({ links, platformGroup }: Chain): ChainStep[] {
  return [
    ...links.map(({ kind, id, name }, index) => ({
      above: kind,
      text: name,
      href: pages[kind] ? `${pages[kind]}/${id}` : undefined,
      joint: index === 0 ? undefined : joints[kind],
    })),
    { above: 'group in the cluster', text: createElement('code', null, platformGroup), joint: 'as' },
  ];
}
