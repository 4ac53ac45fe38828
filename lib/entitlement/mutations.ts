import { type Actor, record } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import type { Prisma } from '#lib/db/generated/client.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import { fault } from '#lib/errors/fault.ts';
import { revoke } from '#lib/revocation/mutations.ts';
import { builtinRoles } from './builtin-roles.ts';
import { canonicalText, type Place } from './scope.ts';
import type { GrantPlace, PolicyRule } from './types.ts';

const system: Actor = { kind: 'system', name: 'Gatehouse' };

const json = (value: unknown) => value as Prisma.InputJsonValue;

/** Brings the built-in roles to what this release says they are; touches only what differs, so that a restart changes no cluster. */
export async function seedBuiltinRoles(db: Database): Promise<void> {
  await changing(db, async (tx, touch) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse builtin roles'))`;
    const there = new Map((await tx.role.findMany({ where: { builtin: true } })).map((role) => [role.id, role]));
    for (const builtin of builtinRoles) {
      const { id, name, title, description, portal } = builtin;
      const fields = {
        name,
        title,
        description,
        portal,
        grantableOn: [...builtin.grantableOn],
        rules: json(builtin.rules),
        inherits: [...builtin.inherits],
      };
      const before = there.get(id);
      if (!before) {
        await tx.role.create({ data: { id, builtin: true, ...fields } });
      } else if (!sameFields(before, fields)) {
        await tx.role.update({ where: { id }, data: { ...fields, version: { increment: 1 }, updatedAt: new Date() } });
        await record(tx, {
          event: 'role.changed',
          actor: system,
          subject: { kind: 'role', id, name },
          detail: { reason: 'a new release' },
        });
      } else {
        continue;
      }
      touch('role', id);
    }
  });
}

// jsonb keeps no order of keys: compared by value, not by text.
function sameFields(before: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  return Object.entries(wanted).every(([field, value]) => sorted(before[field]) === sorted(value));
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export interface NewRole {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly grantableOn: readonly GrantPlace[];
  readonly rules: readonly PolicyRule[];
  readonly inherits: readonly string[];
}

export async function createRole(tx: Tx, touch: Touch, role: NewRole, actor: Actor): Promise<string> {
  const taken = await tx.role.findUnique({ where: { name: role.name }, select: { id: true } });
  if (taken) throw nameTaken('role', role.name);
  const id = newId('r');
  await tx.role.create({
    data: { ...role, id, grantableOn: [...role.grantableOn], rules: json(role.rules), inherits: [...role.inherits] },
  });
  touch('role', id);
  await record(tx, {
    event: 'role.created',
    actor,
    subject: { kind: 'role', id, name: role.name },
    detail: { rules: json(role.rules), inherits: [...role.inherits] },
  });
  return id;
}

export interface RoleChange extends Partial<Omit<NewRole, 'name'>> {
  readonly id: string;
  readonly version: number;
  /** Powers that end with this change: streams that rest on them are asked again. */
  readonly removed: readonly string[];
}

export async function updateRole(tx: Tx, touch: Touch, { id, version, removed, ...change }: RoleChange, actor: Actor): Promise<void> {
  const { title, description, grantableOn, rules, inherits } = change;
  const { count } = await tx.role.updateMany({
    where: { id, version, builtin: false, removedAt: null },
    data: {
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      ...(grantableOn === undefined ? {} : { grantableOn: [...grantableOn] }),
      ...(rules === undefined ? {} : { rules: json(rules) }),
      ...(inherits === undefined ? {} : { inherits: [...inherits] }),
      version: { increment: 1 },
      updatedAt: new Date(),
    },
  });
  if (count === 0)
    throw fault('conflict', 'role.changed-meanwhile', 'Somebody else changed this role meanwhile. Load it again, then make your change.');
  const role = await tx.role.findUniqueOrThrow({ where: { id } });
  touch('role', id);
  await record(tx, {
    event: 'role.changed',
    actor,
    subject: { kind: 'role', id, name: role.name },
    detail: { version: role.version, rules: json(role.rules), inherits: role.inherits, removed: [...removed].slice(0, 200) },
  });
  if (removed.length > 0)
    await revoke(tx, touch, { kind: 'role', reason: `the role ${role.name} was reduced`, evidenceAt: new Date(), detail: { roleId: id } });
}

/** Its name is free again afterwards; its id never is. */
export async function removeRole(tx: Tx, touch: Touch, id: string, actor: Actor): Promise<void> {
  const role = await tx.role.findUnique({ where: { id } });
  if (!role || role.removedAt) throw fault('not-found', 'role.not-found', 'There is no such role.');
  if (role.builtin) throw builtinStays();
  const now = new Date();
  const grants = await tx.binding.count({ where: { roleId: id, revokedAt: null, OR: [{ until: null }, { until: { gt: now } }] } });
  if (grants > 0) {
    throw fault(
      'conflict',
      'role.in-use',
      `${grants === 1 ? 'One grant gives' : `${grants} grants give`} this role. End them first, then remove it.`,
    );
  }
  const heirs = await tx.role.findMany({ where: { inherits: { has: id }, removedAt: null }, select: { title: true } });
  if (heirs.length > 0) {
    throw fault('conflict', 'role.inherited', `${heirs.map(({ title }) => title).join(', ')} inherits this role. Take it out there first.`);
  }
  await tx.role.update({ where: { id }, data: { removedAt: now, name: id } });
  touch('role', id);
  await record(tx, { event: 'role.removed', actor, subject: { kind: 'role', id, name: role.name } });
}

export function builtinStays() {
  return fault('conflict', 'role.builtin', 'A built-in role stays as it is. Make a role of your own that inherits it, and change that.');
}

export interface NewGrant {
  readonly roleId: string;
  readonly place: Place;
  readonly subject: { readonly kind: 'group' | 'person'; readonly id: string; readonly name: string };
  readonly until: Date | null;
  readonly reason: string;
  /** In words, for the audit log. */
  readonly where: string;
}

export async function createGrant(tx: Tx, touch: Touch, grant: NewGrant, actor: Actor): Promise<string> {
  const { roleId, subject, until, reason, where } = grant;
  const scopeId = await ensureScope(tx, touch, grant.place);
  const now = new Date();
  // What its own end has ended stands in the way of nothing: it is put on record as ended, and the new grant takes its place.
  const outlived = await tx.binding.findMany({
    where: { roleId, scopeId, subjectId: subject.id, revokedAt: null, until: { lte: now } },
    select: { id: true, until: true },
  });
  for (const { id, until: end } of outlived) {
    await tx.binding.update({ where: { id }, data: { revokedAt: end } });
    touch('binding', id);
  }
  const id = newId('b');
  const { count } = await tx.binding.createMany({
    data: {
      id,
      roleId,
      scopeId,
      subjectKind: subject.kind,
      subjectId: subject.id,
      until,
      reason,
      createdBy: actor.kind === 'person' ? actor.id : null,
    },
    skipDuplicates: true,
  });
  if (count === 0) {
    throw fault(
      'conflict',
      'grant.exists',
      `${subject.name} holds this role there already. End that grant first if its end or reason is to change.`,
    );
  }
  touch('binding', id);
  const role = await tx.role.findUniqueOrThrow({ where: { id: roleId }, select: { name: true } });
  await record(tx, {
    event: 'grant.created',
    actor,
    subject: { kind: subject.kind, id: subject.id, name: subject.name },
    ...(grant.place.clusterId ? { clusterId: grant.place.clusterId } : {}),
    ...(grant.place.projectId ? { projectId: grant.place.projectId } : {}),
    detail: { grantId: id, roleId, role: role.name, where, until: until?.toISOString() ?? null, reason },
  });
  return id;
}

/** The same place is the same scope, also when two ask at once. */
async function ensureScope(tx: Tx, touch: Touch, place: Place): Promise<string> {
  const id = newId('s');
  const canonical = canonicalText(place);
  const namespaces = place.namespaces ? [...place.namespaces] : null;
  const selector = place.clusterSelector ? JSON.stringify(place.clusterSelector) : null;
  const made = await tx.$executeRaw`
    INSERT INTO scope (id, kind, cluster_id, cluster_selector, project_id, namespaces, canonical)
    VALUES (${id}, ${place.kind}, ${place.clusterId}, ${selector}::jsonb, ${place.projectId}, ${namespaces}::text[], ${canonical})
    ON CONFLICT (canonical) DO NOTHING`;
  if (made === 1) {
    touch('scope', id);
    return id;
  }
  return (await tx.scope.findUniqueOrThrow({ where: { canonical }, select: { id: true } })).id;
}

export interface GrantEnd {
  readonly id: string;
  readonly reason: string;
  readonly subjectName: string;
  readonly where: string;
  /** Whether, of these holders of platform-wide administration, anybody could still sign in. */
  readonly somebodyAdministers: (holders: readonly { readonly subjectKind: string; readonly subjectId: string }[]) => boolean;
}

export async function endGrant(
  tx: Tx,
  touch: Touch,
  { id, reason, subjectName, where, somebodyAdministers }: GrantEnd,
  actor: Actor,
): Promise<void> {
  // One at a time: two admins who each end the other's grant would leave nobody.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse grants end'))`;
  const binding = await tx.binding.findUnique({ where: { id } });
  if (!binding) throw fault('not-found', 'grant.not-found', 'There is no such grant.');
  if (binding.revokedAt) throw fault('conflict', 'grant.ended', 'This grant has ended already.');
  const role = await tx.role.findUniqueOrThrow({ where: { id: binding.roleId } });
  const scope = await tx.scope.findUniqueOrThrow({ where: { id: binding.scopeId } });
  if (role.portal === 'admin' && scope.kind === 'all' && !somebodyAdministers(await otherAdmins(tx, id))) {
    throw fault(
      'conflict',
      'grant.last-admin',
      'This grant is what lets anybody administer this platform: without it nobody could. Grant platform-admin on all clusters to somebody else first.',
    );
  }
  await tx.binding.update({ where: { id }, data: { revokedAt: new Date(), revokedBy: actor.kind === 'person' ? actor.id : null } });
  touch('binding', id);
  const subject = { kind: binding.subjectKind, id: binding.subjectId, name: subjectName };
  await record(tx, {
    event: 'grant.ended',
    actor,
    subject,
    ...(scope.clusterId ? { clusterId: scope.clusterId } : {}),
    ...(scope.projectId ? { projectId: scope.projectId } : {}),
    detail: { grantId: id, roleId: role.id, role: role.name, where, reason },
  });
  await revokeBinding(tx, touch, binding, `the grant of ${role.name} on ${where} was ended`);
}

async function otherAdmins(tx: Tx, exceptId: string): Promise<{ subjectKind: string; subjectId: string }[]> {
  return tx.$queryRaw`
    SELECT b.subject_kind AS "subjectKind", b.subject_id AS "subjectId"
    FROM binding b JOIN role r ON r.id = b.role_id JOIN scope s ON s.id = b.scope_id
    WHERE b.id <> ${exceptId} AND b.revoked_at IS NULL AND (b.until IS NULL OR b.until > now()) AND r.portal = 'admin' AND s.kind = 'all'`;
}

/** Tells every door that what rests on this grant is to be asked again. */
export async function revokeBinding(
  tx: Tx,
  touch: Touch,
  binding: {
    readonly id: string;
    readonly roleId: string;
    readonly scopeId: string;
    readonly subjectKind: string;
    readonly subjectId: string;
  },
  reason: string,
): Promise<void> {
  const { id, roleId, scopeId, subjectKind, subjectId } = binding;
  await revoke(tx, touch, {
    kind: 'binding',
    ...(subjectKind === 'person' ? { personId: subjectId } : {}),
    reason,
    evidenceAt: new Date(),
    detail: { bindingId: id, roleId, scopeId, subjectKind, subjectId },
  });
}

export function nameTaken(what: string, name: string) {
  return fault('conflict', `${what}.name-taken`, `There is a ${what} named ${name} already. Choose another name.`, {
    fields: { name: 'This name is taken.' },
  });
}
