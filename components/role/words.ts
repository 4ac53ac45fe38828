import type { RoleSummary } from '#lib/entitlement/schema.ts';

export type Place = RoleSummary['grantableOn'][number];

export const places: readonly Place[] = ['all', 'cluster', 'project', 'namespaces'];

export const placeWords: Readonly<Record<Place, string>> = {
  all: 'all clusters',
  cluster: 'a cluster',
  project: 'a project',
  namespaces: 'namespaces',
};

export const portalWords = {
  admin: 'administers Gatehouse itself',
  auditor: 'reads all of Gatehouse and changes nothing',
} as const;

/** The core group has no name in Kubernetes; people need one. */
export function groupInWords(apiGroup: string): string {
  return apiGroup === '' ? 'core' : apiGroup;
}

export function countOf(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
