/**
 * The first start. An empty installation belongs to nobody, so the one-time code that the supervisor printed opens the first operations and
 * no more: connect a directory, look for a group in it, say who administers, register a cluster. Saying who administers closes the setup for
 * good.
 */
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { nearestGroups } from '#lib/directory/loaders.ts';
import { directoriesWithControllers } from '#lib/directory/people/data.ts';
import { pickedGroups, pickerInput } from '#lib/directory/people/schema.ts';
import type { World } from '#lib/entitlement/types.ts';
import { defaultBounds } from '#lib/proxy/types.ts';
import { setupCookie } from '#lib/session/cookies.ts';
import { absoluteHours, idleMinutes } from '#lib/session/data.ts';
import { isSetupPass, openSetupCodeHash } from '#lib/session/setup-pass.ts';
import { installationRow, setupIsOpen } from './data.ts';
import { settingsOutput, stateOutput, storedSettings } from './schema.ts';

export const setupState = operation({
  id: 'setup.state',
  method: 'GET',
  path: '/setup',
  summary: 'Whether this installation still waits for its first admin, and how far the first steps are',
  allow: 'anyone',
  input: none,
  output: stateOutput,
  async run({ db, world, now, cookies, hashKey }, viewer) {
    const open = await setupIsOpen(db);
    const pass = cookies.get(setupCookie);
    const codeHash = open && pass ? await openSetupCodeHash(db) : null;
    const admitted = viewer?.powers.admin === true || (pass !== null && codeHash !== null && isSetupPass(hashKey, codeHash, pass, now));
    if (!admitted) return { open, admitted, steps: null };
    const [directory] = await directoriesWithControllers(db);
    return {
      open,
      admitted,
      steps: {
        directory: directory ?? null,
        admins: adminsNow(world, now),
        clusters: [...world.clusters()].map(({ id, name, state }) => ({ id, name, state })),
      },
    };
  },
});

function adminsNow(world: World, now: Date) {
  const grants = world
    .liveBindings(now)
    .filter(({ roleId, scopeId }) => world.role(roleId)?.portal === 'admin' && world.scope(scopeId)?.kind === 'all');
  const people = new Set(
    grants.flatMap(({ subjectKind, subjectId }) => (subjectKind === 'person' ? [subjectId] : [...world.membersOf(subjectId)])),
  );
  if (grants.length === 0) return null;
  return { grants: grants.length, people: [...people].filter((id) => world.standing(id, now) === 'live').length };
}

export const setupGroups = operation({
  id: 'setup.groups',
  method: 'GET',
  path: '/setup/groups',
  summary: 'During the first steps: groups to choose the admins from',
  allow: 'setup',
  input: pickerInput,
  output: pickedGroups,
  async run(context, _viewer, input) {
    return { items: await nearestGroups(context, input) };
  },
});

export const settingsGet = operation({
  id: 'settings.get',
  method: 'GET',
  path: '/settings',
  summary: 'This installation and what holds in it',
  allow: 'auditor',
  input: none,
  output: settingsOutput,
  async run({ db, world, config }) {
    const row = await installationRow(db);
    return {
      installation: {
        id: world.installation.id,
        createdAt: row?.createdAt,
        setupDoneAt: row?.setupDoneAt ?? null,
        portalUrl: config.portalUrl,
        proxyUrl: config.proxyUrl,
      },
      ...storedSettings.parse(row?.settings ?? {}),
      fixed: {
        sessionIdleMinutes: idleMinutes,
        sessionAbsoluteHours: absoluteHours,
        sensitiveFreshnessMinutes: defaultBounds.sensitiveMs / 60_000,
        ordinaryFreshnessMinutes: defaultBounds.ordinaryMs / 60_000,
      },
    };
  },
});

export const operations = [setupState, setupGroups, settingsGet];
