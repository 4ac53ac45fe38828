/**
 * Changing roles and grants. Platform admins only: whoever may write a role decides what others may do, so there is no smaller power to
 * hand out yet. Each act is one transaction with its audit event; clusters follow by the change feed, and doors ask open streams again.
 */
import { z } from 'zod';
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { changing } from '#lib/db/database.ts';
import { fault } from '#lib/errors/fault.ts';
import { actorOf } from '#lib/session/viewer.ts';
import { warningsOf } from './check-rules.ts';
import { readGrants } from './data.ts';
import { builtinStays, createGrant, createRole, endGrant, removeRole, updateRole } from './mutations.ts';
import { rulesAfter } from './preview.ts';
import { requireFuture, requireGrantable, requireInheritable, requirePlace, requireRole, requireSubject } from './requirements.ts';
import { powersIn } from './rules.ts';
import { grantEndInputSchema, grantInputSchema, idSchema, roleInputSchema, roleUpdateSchema, warningSchema } from './schema.ts';
import { placeInWords, viewScope, viewSubject } from './views.ts';

const roleWritten = z.object({ id: z.string(), warnings: z.array(warningSchema) });

export const createOwnRole = operation({
  id: 'roles.create',
  method: 'POST',
  path: '/roles',
  summary: 'Make a role of one’s own; wildcards are allowed and answered with a warning',
  allow: 'admin',
  onFreshFacts: true,
  input: roleInputSchema,
  output: roleWritten,
  status: 201,
  async run({ db, world }, viewer, role) {
    requireGrantable(role.rules, role.grantableOn);
    requireInheritable(world, undefined, role.inherits);
    requireSomething(role.rules, role.inherits);
    const id = await changing(db, (tx, touch) => createRole(tx, touch, role, actorOf(viewer)));
    return { id, warnings: warningsOf(rulesAfter(world, undefined, role.rules, role.inherits)) };
  },
});

export const changeRole = operation({
  id: 'roles.update',
  method: 'PATCH',
  path: '/roles/{id}',
  summary: 'Change a role of one’s own; every cluster where it is in use follows',
  allow: 'admin',
  onFreshFacts: true,
  input: roleUpdateSchema,
  output: roleWritten,
  async run({ db, world }, viewer, { id, version, ...change }) {
    const role = requireRole(world, id);
    if (role.builtin) throw builtinStays();
    const [rules, inherits] = [change.rules ?? role.rules, change.inherits ?? role.inherits];
    requireGrantable(rules, change.grantableOn ?? role.grantableOn);
    requireInheritable(world, id, inherits);
    requireSomething(rules, inherits);
    const after = rulesAfter(world, id, rules, inherits);
    const powersAfter = powersIn(after);
    const removed = [...powersIn(world.effectiveRules(id))].filter((power) => !powersAfter.has(power));
    const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    await changing(db, (tx, touch) => updateRole(tx, touch, { ...said, id, version, removed }, actorOf(viewer)));
    return { id, warnings: warningsOf(after) };
  },
});

export const removeOwnRole = operation({
  id: 'roles.remove',
  method: 'DELETE',
  path: '/roles/{id}',
  summary: 'Remove a role of one’s own that nobody holds',
  allow: 'admin',
  input: z.strictObject({ id: idSchema }),
  output: z.object({ id: z.string() }),
  async run({ db }, viewer, { id }) {
    await changing(db, (tx, touch) => removeRole(tx, touch, id, actorOf(viewer)));
    return { id };
  },
});

function requireSomething(rules: readonly unknown[], inherits: readonly string[]): void {
  if (rules.length === 0 && inherits.length === 0)
    throw fault('bad-input', 'role.empty', 'A role needs at least one rule, or a role to inherit.', { fields: { rules: 'Add a rule.' } });
}

export const grant = operation({
  id: 'grants.create',
  method: 'POST',
  path: '/grants',
  summary: 'Grant a role to a group or person at a place, perhaps until a time',
  allow: 'admin',
  onFreshFacts: true,
  input: grantInputSchema,
  output: z.object({ id: z.string() }),
  status: 201,
  async run({ db, world, now }, viewer, { subject, roleId, scope, until, reason }) {
    const role = requireRole(world, roleId);
    const name = requireSubject(world, subject);
    const place = requirePlace(world, scope, role);
    const end = requireFuture(until, now);
    const id = await changing(db, (tx, touch) =>
      createGrant(
        tx,
        touch,
        { roleId, place, subject: { ...subject, name }, until: end, reason, where: placeInWords(world, place) },
        actorOf(viewer),
      ),
    );
    return { id };
  },
});

export const end = operation({
  id: 'grants.end',
  method: 'DELETE',
  path: '/grants/{id}',
  summary: 'End a grant; what rests on it is refused from then on and open streams are asked again',
  allow: 'admin',
  input: grantEndInputSchema,
  output: z.object({ id: z.string() }),
  async run(context, viewer, { id, reason }) {
    const { db, world, now } = context;
    const [row] = await readGrants(db, { ids: [id], state: 'all' });
    if (!row) throw fault('not-found', 'grant.not-found', 'There is no such grant.');
    await changing(db, (tx, touch) =>
      endGrant(
        tx,
        touch,
        {
          id,
          reason,
          subjectName: viewSubject(world, row.subjectKind, row.subjectId, now).name,
          where: viewScope(world, row.scope).words,
          somebodyAdministers: (holders) => holders.some((holder) => holdsALivePerson(context, holder)),
        },
        actorOf(viewer),
      ),
    );
    return { id };
  },
});

function holdsALivePerson(
  { world, now }: PortalContext,
  { subjectKind, subjectId }: { readonly subjectKind: string; readonly subjectId: string },
): boolean {
  const people = subjectKind === 'person' ? [subjectId] : world.membersOf(subjectId);
  for (const personId of people) if (world.standing(personId, now) === 'live') return true;
  return false;
}

export const operations = [createOwnRole, changeRole, removeOwnRole, grant, end];
