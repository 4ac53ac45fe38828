/** What the command palette finds. Nobody learns from it that something exists which they could not open. */
import type { PortalContext } from '#lib/api/context.ts';
import { listGroups, nearestPeople } from '#lib/directory/people/list-data.ts';
import { ownsProjects } from '#lib/directory/who-may-pick.ts';
import type { Viewer } from '#lib/session/viewer.ts';
import type { SearchHit } from './schema.ts';

type Who = 'person' | 'owner' | 'auditor' | 'admin';
type Asked = Pick<PortalContext, 'db' | 'world' | 'now'>;

const pages: readonly (readonly [string, string, string, Who])[] = [
  ['My access', '/', 'clusters and projects I can reach', 'person'],
  ['Connect', '/connect', 'download a kubeconfig', 'person'],
  ['Credentials', '/credentials', 'my devices and tokens', 'person'],
  ['Overview', '/admin', 'is everything in step', 'auditor'],
  ['People', '/admin/people', 'everybody in the directory', 'auditor'],
  ['Groups', '/admin/groups', 'groups of the directory', 'auditor'],
  ['Roles', '/admin/roles', 'built-in and own', 'auditor'],
  ['Access', '/admin/access', 'all grants', 'auditor'],
  ['Grant access', '/admin/access/new', 'who, role, where, until', 'admin'],
  ['Clusters', '/admin/clusters', 'state, sync, drift', 'auditor'],
  ['Register a cluster', '/admin/clusters/new', 'one kubectl apply, or a kubeconfig', 'admin'],
  ['Projects', '/admin/projects', 'namespaces, quota, members', 'owner'],
  ['Audit', '/admin/audit', 'everything that happened', 'auditor'],
  ['Settings', '/admin/settings', 'directory, security, installation', 'admin'],
];

export async function find(context: Asked, viewer: Viewer, q: string, limit: number): Promise<SearchHit[]> {
  const reads = viewer.powers.admin || viewer.powers.auditor;
  const [people, groups] = reads && q ? await Promise.all([findPeople(context, q, limit), findGroups(context, q, limit)]) : [[], []];
  return [
    ...findPages(context, viewer, q, limit),
    ...people,
    ...groups,
    ...findClusters(context, viewer, q, limit),
    ...(reads ? findRoles(context, q, limit) : []),
    ...findProjects(context, viewer, q, limit),
  ];
}

function findPages({ world, now }: Asked, { person, powers, via }: Viewer, q: string, limit: number): SearchHit[] {
  const mine = {
    person: via !== 'break-glass',
    owner: powers.auditor || powers.admin || ownsProjects(world, person.id, now),
    auditor: powers.auditor || powers.admin,
    admin: powers.admin,
  };
  return pages
    .filter(([title, , detail, who]) => mine[who] && says(q, title, detail))
    .slice(0, q ? limit : pages.length)
    .map(([title, href, detail]) => ({ kind: 'page', id: href, title, detail, href }));
}

async function findPeople({ db }: Asked, q: string, limit: number): Promise<SearchHit[]> {
  const rows = await nearestPeople(db, q, limit);
  return rows.map(({ id, displayName, upn, samAccountName }) => ({
    kind: 'person',
    id,
    title: displayName,
    detail: upn ?? samAccountName,
    href: `/admin/people/${id}`,
  }));
}

async function findGroups({ db }: Asked, q: string, limit: number): Promise<SearchHit[]> {
  const { items } = await listGroups(db, { search: q, offset: 0, limit });
  return items.map(({ id, name, description }) => ({ kind: 'group', id, title: name, detail: description, href: `/admin/groups/${id}` }));
}

function findClusters({ world, now }: Asked, { person, powers }: Viewer, q: string, limit: number): SearchHit[] {
  const reads = powers.admin || powers.auditor;
  return [...world.clusters()]
    .filter(({ id, name, title }) => says(q, name, title) && (reads || world.platformGroups(person.id, id, now).length > 0))
    .slice(0, limit)
    .map(({ id, name, title }) => ({ kind: 'cluster', id, title: name, detail: title, href: reads ? `/admin/clusters/${id}` : '/' }));
}

function findRoles({ world }: Asked, q: string, limit: number): SearchHit[] {
  return [...world.roles()]
    .filter(({ name, title }) => says(q, name, title))
    .slice(0, limit)
    .map(({ id, name, title }) => ({ kind: 'role', id, title, detail: name, href: `/admin/roles/${id}` }));
}

function findProjects({ world, now }: Asked, { person, powers }: Viewer, q: string, limit: number): SearchHit[] {
  const held = new Set(world.bindingsOf(person.id, now).map(({ scopeId }) => world.scope(scopeId)?.projectId));
  return [...world.projects()]
    .filter(({ id, name, title }) => says(q, name, title) && (powers.admin || powers.auditor || held.has(id)))
    .slice(0, limit)
    .map(({ id, name, title }) => ({ kind: 'project', id, title, detail: name, href: `/admin/projects/${id}` }));
}

/** Every word of the question occurs. */
function says(q: string, ...texts: (string | null)[]): boolean {
  const all = texts.join(' ').toLocaleLowerCase();
  return q
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
