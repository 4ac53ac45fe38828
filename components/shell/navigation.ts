/** The places of the portal, for the sidebar and for jumping. */
export type CountName = 'credentials' | 'people' | 'groups' | 'roles' | 'grants' | 'clusters' | 'projects';
export type Counts = Partial<Record<CountName, number>>;
export type Place = { readonly title: string; readonly href: string; readonly count?: CountName };

export const mine: readonly Place[] = [
  { title: 'My access', href: '/' },
  { title: 'Connect', href: '/connect' },
  { title: 'Credentials', href: '/credentials', count: 'credentials' },
];

export const administer: readonly Place[] = [
  { title: 'Overview', href: '/admin' },
  { title: 'People', href: '/admin/people', count: 'people' },
  { title: 'Groups', href: '/admin/groups', count: 'groups' },
  { title: 'Roles', href: '/admin/roles', count: 'roles' },
  { title: 'Grants', href: '/admin/access', count: 'grants' },
  { title: 'Clusters', href: '/admin/clusters', count: 'clusters' },
  { title: 'Projects', href: '/admin/projects', count: 'projects' },
  { title: 'Audit', href: '/admin/audit' },
  { title: 'Settings', href: '/admin/settings' },
];

/** A project owner sees the pages of their own projects, and nothing else of the administration. */
export const owned: readonly Place[] = administer.filter(({ title }) => title === 'Projects');

export function isHere(place: Place, path: string): boolean {
  return place.href === '/' || place.href === '/admin' ? path === place.href : path === place.href || path.startsWith(`${place.href}/`);
}
