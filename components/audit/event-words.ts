import type { AuditRow } from '#lib/audit/schema.ts';

// Events in words. A new event that nobody has put in words yet reads as itself, noun and verb.

const words: Readonly<Record<string, string>> = {
  'directory.connected': 'Directory connected',
  'directory.disconnected': 'Directory disconnected',
  'directory.changed': 'Directory settings changed',
  'directory.read': 'Directory read in full',
  'directory.held': 'Directory held: too many would vanish at once',
  'directory.unreachable': 'Directory unreachable',
  'directory.referred': 'Directory pointed at another server',
  'directory.recovered': 'Directory answers again',
  'person.appeared': 'Appeared in the directory',
  'person.changed': 'Changed in the directory',
  'person.disabled': 'Disabled in the directory',
  'person.enabled': 'Enabled in the directory',
  'person.expired': 'Account expired',
  'person.locked': 'Account locked',
  'person.unlocked': 'Account unlocked',
  'person.deleted': 'Deleted in the directory',
  'person.outside-hours': 'Logon hours over',
  'person.within-hours': 'Logon hours began',
  'person.out-of-scope': 'Left what is read of the directory',
  'person.cut-off': 'Cut off by hand',
  'person.cut-lifted': 'Cut lifted',
  'person.name-reused': 'Name of somebody deleted used again',
  'group.changed': 'Group changed',
  'group.deleted': 'Group deleted',
  'membership.added': 'Joined a group',
  'membership.removed': 'Left a group',
  'membership.differed': 'Groups differed from the directory’s',
  'session.started': 'Signed in',
  'session.ended': 'Session ended',
  'session.refused': 'Sign-in refused',
  'credential.issued': 'Credential issued',
  'credential.renewed': 'Credential renewed',
  'credential.renamed': 'Credential renamed',
  'credential.revoked': 'Credential revoked',
  'break-glass.made': 'Break-glass account made',
  'break-glass.made-anew': 'Break-glass account made anew',
  'break-glass.enrolled': 'Break-glass account sealed',
  'break-glass.used': 'Break-glass account used',
  'break-glass.refused': 'Break-glass sign-in refused',
  'break-glass.session-ended': 'Break-glass session ended',
  'break-glass.acknowledged': 'Break-glass alert acknowledged',
  'break-glass.ended': 'Break-glass account ended',
  'break-glass.switched-off': 'Break-glass switched off',
  'break-glass.switched-on': 'Break-glass switched on',
  'role.created': 'Role created',
  'role.changed': 'Role changed',
  'role.removed': 'Role removed',
  'grant.created': 'Access granted',
  'grant.ended': 'Grant ended',
  'project.created': 'Project created',
  'project.changed': 'Project changed',
  'project.removed': 'Project removed',
  'project.namespace-added': 'Namespace added to project',
  'project.namespace-removed': 'Namespace taken out of project',
  'cluster.invited': 'Cluster invited',
  'cluster.registered': 'Cluster registered',
  'cluster.registration-failed': 'Registration failed',
  'cluster.changed': 'Cluster changed',
  'cluster.removed': 'Cluster removed',
  'cluster.unreachable': 'Cluster unreachable',
  'cluster.recovered': 'Cluster answers again',
  'cluster.reach-changed': 'Way to a cluster changed',
  'cluster.rebuilt': 'Another cluster answers',
  'cluster.rebuilt-approved': 'Rebuilt cluster confirmed',
  'cluster.credential-renewed': 'Platform credential renewed',
  'cluster.credential-invalid': 'Platform credential refused',
  'cluster.drift-mended': 'Drift put right',
  'cluster.self-test': 'Cluster tested',
  'cluster.impersonation-changed': 'Way of acting as people changed',
  'request.refused': 'Request refused',
  'stream.opened': 'Stream opened',
  'stream.closed': 'Stream closed',
  'stream.cut': 'Stream cut',
  'access.cut': 'Access cut',
  'setup.claimed': 'Setup code used',
  'setup.finished': 'Setup finished',
  'settings.changed': 'Settings changed',
};

export function eventInWords(event: string): string {
  return words[event] ?? event.replace('.', ': ').replaceAll('-', ' ');
}

const noteworthy =
  /^break-glass\.(used|switched-on|made)|\.(refused|cut|cut-off|disabled|deleted|revoked|unreachable|held|credential-invalid|registration-failed|removed)$/;

/** What a reader skims for: an end of access, a refusal, a failure. */
export function isNoteworthy(event: string): boolean {
  return noteworthy.test(event);
}

const pages: Readonly<Record<string, string>> = {
  person: '/admin/people',
  group: '/admin/groups',
  role: '/admin/roles',
  cluster: '/admin/clusters',
  project: '/admin/projects',
};

/** The page of a party, where it has one. */
export function pageOfParty({ kind, id }: { readonly kind: string; readonly id: string | null }): string | null {
  const base = pages[kind];
  return base && id ? `${base}/${id}` : null;
}

export interface Detail {
  readonly name: string;
  readonly value: string;
  /** Says something to a reader; ids and nested things are for whoever opens the row. */
  readonly telling: boolean;
}

/** What was recorded, flat, in its order, nothing empty. */
export function detailsOf(detail: AuditRow['detail']): Detail[] {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => ({
      name: spaced(name),
      value: said(value),
      telling: !/^id$|Id$/.test(name) && value !== false && !isNested(value),
    }));
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && !isWords(value);
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function said(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (isWords(value)) return value.join(', ');
  if (typeof value !== 'string') return JSON.stringify(value);
  const moment = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(\.\d+)?Z$/.exec(value);
  return moment ? `${moment[1]} ${moment[2]} UTC` : value;
}

function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
