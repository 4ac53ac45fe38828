/**
 * What people read about rights. Everybody reads their own; auditors and admins read everybody's. Answers come from the world by which the
 * door decides, so a screen never says what a request would not meet; only history and dates are read from Postgres.
 */

import { z } from 'zod';
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Viewer } from '#lib/session/viewer.ts';
import { accessOf } from './access.ts';
import { warningsOf } from './check-rules.ts';
import { type GrantRow, readGrants, readRoleTimes } from './data.ts';
import { explain as explainAccess } from './explain.ts';
import { holdersOf, matchPlace, previewGrant, previewRole } from './preview.ts';
import { requireGrantable, requireInheritable, requirePlace, requireRole, requireSubject } from './requirements.ts';
import { rulesInYaml } from './rules-yaml.ts';
import {
  explainInputSchema,
  explanationSchema,
  type Grant,
  type GrantListInput,
  grantInputSchema,
  grantListInputSchema,
  grantListSchema,
  grantPreviewSchema,
  idSchema,
  myAccessSchema,
  type RoleSummary,
  roleDetailSchema,
  rolePreviewInputSchema,
  rolePreviewSchema,
  roleSummarySchema,
  scopeMatchInputSchema,
  scopeMatchSchema,
} from './schema.ts';
import type { PolicyRule, World, WorldRole } from './types.ts';
import { isoOrNull, personName, viewRole, viewScope, viewSubject } from './views.ts';
import { mayInWords } from './words.ts';

export const myAccess = operation({
  id: 'me.access',
  method: 'GET',
  path: '/me/access',
  summary: 'Clusters, namespaces and projects that I may work in, and by which grants',
  allow: 'person',
  ofPerson: true,
  input: none,
  output: myAccessSchema,
  async run({ world, now }, viewer) {
    const access = accessOf(world, viewer.person.id, viewer.credential?.clusterIds ?? null, now);
    if (!access) throw fault('forbidden', 'access.not-live', 'Your account is not live just now.');
    return access;
  },
});

export const explain = operation({
  id: 'explain',
  method: 'GET',
  path: '/explain',
  summary: 'Why a person may do something, or that nobody gave them the right; one’s own, or (auditors) anybody’s',
  allow: 'person',
  input: explainInputSchema,
  output: explanationSchema,
  async run({ world, now }, viewer, { personId, clusterId, verb, resource, apiGroup, namespace, name }) {
    requireOwnOrAuditor(viewer, personId);
    if ((verb === undefined) !== (resource === undefined))
      throw fault('bad-input', 'explain.half-asked', 'Ask with both a verb and a resource, such as delete pods, or with neither.');
    const explanation = explainAccess(
      world,
      {
        personId,
        clusterId,
        namespace,
        question: verb !== undefined && resource !== undefined ? { verb, resource, apiGroup: apiGroup ?? '', name } : undefined,
      },
      now,
    );
    if (!explanation) throw fault('not-found', 'person.not-found', 'There is no such person.');
    return explanation;
  },
});

function requireOwnOrAuditor({ person, powers }: Viewer, personId: string): void {
  if (person.id === personId || powers.admin || powers.auditor) return;
  throw fault(
    'forbidden',
    'explain.not-yours',
    'You may see the reasons of your own access only. Auditors and platform admins see everybody’s.',
  );
}

// ── roles ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const listRoles = operation({
  id: 'roles.list',
  method: 'GET',
  path: '/roles',
  summary: 'All roles, built-in and own, in plain words',
  allow: 'auditor',
  input: none,
  output: z.object({ roles: z.array(roleSummarySchema) }),
  async run({ db, world, now }) {
    const times = await readRoleTimes(db);
    const roles = [...world.roles()].sort((a, b) => Number(b.builtin) - Number(a.builtin) || (a.title < b.title ? -1 : 1));
    return { roles: roles.map((role) => summaryOf(world, role, times.get(role.id), now)) };
  },
});

export const getRole = operation({
  id: 'roles.get',
  method: 'GET',
  path: '/roles/{id}',
  summary: 'One role with its rules, inherited ones included',
  allow: 'auditor',
  input: z.strictObject({ id: idSchema }),
  output: roleDetailSchema,
  async run({ db, world, now }, _viewer, { id }) {
    const role = requireRole(world, id);
    const times = await readRoleTimes(db);
    const rules = world.effectiveRules(id);
    return {
      ...summaryOf(world, role, times.get(id), now),
      rules: plain(role.rules),
      effectiveRules: plain(rules),
      inherits: role.inherits.flatMap((parent) => viewed(world.role(parent))),
      inheritedBy: [...world.roles()].filter(({ inherits }) => inherits.includes(id)).map(viewRole),
      warnings: warningsOf(rules),
      yaml: rulesInYaml(role.rules),
    };
  },
});

export const previewRoleChange = operation({
  id: 'roles.preview',
  method: 'POST',
  path: '/roles/preview',
  summary: 'What a role, new or changed, would permit, and whom and what the change would touch',
  allow: 'auditor',
  input: rolePreviewInputSchema,
  output: rolePreviewSchema,
  async run({ world, now }, _viewer, { id, rules, inherits }) {
    if (id !== undefined) requireRole(world, id);
    requireInheritable(world, id, inherits);
    requireGrantable(rules, id === undefined ? [] : (world.role(id)?.grantableOn ?? []));
    return previewRole(world, id, rules, inherits, now);
  },
});

function summaryOf(world: World, role: WorldRole, updatedAt: Date | undefined, now: Date): RoleSummary {
  return {
    ...viewRole(role),
    description: role.description,
    builtin: role.builtin,
    grantableOn: [...role.grantableOn],
    portal: role.portal,
    version: role.version,
    updatedAt: (updatedAt ?? now).toISOString(),
    may: mayInWords(world.effectiveRules(role.id)),
    grants: world.liveBindings(now).filter(({ roleId }) => roleId === role.id).length,
    people: holdersOf(world, new Set([role.id]), now).size,
  };
}

function viewed(role: WorldRole | undefined): { id: string; name: string; title: string }[] {
  return role ? [viewRole(role)] : [];
}

function plain(rules: readonly PolicyRule[]): z.input<typeof roleDetailSchema>['rules'] {
  return rules as z.input<typeof roleDetailSchema>['rules'];
}

// ── grants ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const listGrants = operation({
  id: 'grants.list',
  method: 'GET',
  path: '/grants',
  summary: 'Grants by who, role, where and state; with nested=true also those that reach a person through groups',
  allow: 'auditor',
  input: grantListInputSchema,
  output: grantListSchema,
  async run(context, _viewer, filter) {
    const grants = await findGrants(context, filter);
    return { grants: grants.slice(filter.offset, filter.offset + filter.limit), total: grants.length };
  },
});

export const getGrant = operation({
  id: 'grants.get',
  method: 'GET',
  path: '/grants/{id}',
  summary: 'One grant, also one that has ended',
  allow: 'auditor',
  input: z.strictObject({ id: idSchema }),
  output: grantListSchema.shape.grants.element,
  async run({ db, world, now }, _viewer, { id }) {
    const [row] = await readGrants(db, { ids: [id], state: 'all' });
    if (!row) throw fault('not-found', 'grant.not-found', 'There is no such grant.');
    return viewGrant(world, row, undefined, now);
  },
});

export const previewGrantCreation = operation({
  id: 'grants.preview',
  method: 'POST',
  path: '/grants/preview',
  summary: 'What a grant would do: who gains, what changes in each cluster, what to think about',
  allow: 'auditor',
  input: grantInputSchema,
  output: grantPreviewSchema,
  async run({ world, now }, _viewer, { subject, roleId, scope, until }) {
    const role = requireRole(world, roleId);
    requireSubject(world, subject);
    const place = requirePlace(world, scope, role);
    return previewGrant(world, { subject, role, place, until: until ? new Date(until) : null }, now);
  },
});

export const matchScope = operation({
  id: 'scopes.match',
  method: 'POST',
  path: '/scopes/match',
  summary: 'Which clusters and namespaces a place means now',
  allow: 'auditor',
  input: scopeMatchInputSchema,
  output: scopeMatchSchema,
  async run({ world }, _viewer, { scope }) {
    return matchPlace(world, requirePlace(world, scope, null));
  },
});

async function findGrants({ db, world, now }: PortalContext, filter: GrantListInput): Promise<Grant[]> {
  const { subjectId, nested, roleId, clusterId, projectId, search, state } = filter;
  const holder = subjectId && nested ? world.person(subjectId) : undefined;
  const subjectIds = holder ? [holder.id, ...world.groupsOf(holder.id)] : subjectId ? [subjectId] : undefined;
  const rows = await readGrants(db, { subjectIds, roleId, state });
  return rows
    .filter(
      ({ scope }) => (clusterId ? world.reach(scope, clusterId) !== null : true) && (projectId ? scope.projectId === projectId : true),
    )
    .map((row) => viewGrant(world, row, holder?.id, now))
    .filter((grant) => !search || spoken(grant).includes(search.toLowerCase()));
}

function viewGrant(world: World, row: GrantRow, holderId: string | undefined, now: Date): Grant {
  const endedAt = row.revokedAt ?? (row.until && row.until <= now ? row.until : null);
  const via = holderId && row.subjectKind === 'group' ? world.pathTo(holderId, row.subjectId) : [];
  return {
    id: row.id,
    subject: viewSubject(world, row.subjectKind, row.subjectId, now),
    role: { id: row.roleId, name: row.roleName, title: row.roleTitle },
    scope: viewScope(world, row.scope),
    until: isoOrNull(row.until),
    reason: row.reason,
    createdAt: row.createdAt.toISOString(),
    createdBy: personName(world, row.createdBy),
    endedAt: isoOrNull(endedAt),
    endedBy: personName(world, row.revokedBy),
    live: endedAt === null,
    via: via.map((id) => ({ id, name: world.group(id)?.name ?? id })),
  };
}

function spoken({ subject, role, scope, reason }: Grant): string {
  return [subject.name, subject.detail, role.name, role.title, scope.words, reason].join(' ').toLowerCase();
}

export const operations = [
  myAccess,
  explain,
  listRoles,
  getRole,
  previewRoleChange,
  listGrants,
  getGrant,
  previewGrantCreation,
  matchScope,
];
