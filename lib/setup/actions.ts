import { operation } from '#lib/api/operation.ts';
import type { Actor } from '#lib/audit/record.ts';
import { record } from '#lib/audit/record.ts';
import { changing } from '#lib/db/database.ts';
import { platformAdminId } from '#lib/entitlement/builtin-roles.ts';
import { createGrant } from '#lib/entitlement/mutations.ts';
import { placeOf, scopeInWords } from '#lib/entitlement/scope.ts';
import type { World } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import { setupCookie } from '#lib/session/cookies.ts';
import { makeSetupPass, openSetupCodeHash, setupCodeHash, setupPassSeconds } from '#lib/session/setup-pass.ts';
import { actorOf } from '#lib/session/viewer.ts';
import { setupIsOpen, triesLately } from './data.ts';
import { settingsGet } from './loaders.ts';
import { finishSetup, storeSettings } from './mutations.ts';
import { chooseAdminsInput, chooseAdminsOutput, claimInput, claimOutput, settingsOutput, settingsUpdateInput } from './schema.ts';

const triesMax = 10;
const whoeverSetsUp: Actor = { kind: 'anonymous', name: 'whoever holds the setup code' };

export const setupClaim = operation({
  id: 'setup.claim',
  method: 'POST',
  path: '/setup/claim',
  summary: 'Shows the one-time code that the first start printed; this browser may then take the first steps',
  allow: 'anyone',
  input: claimInput,
  output: claimOutput,
  async run({ db, hashKey, now, cookies, request }, _viewer, { code }) {
    if ((await triesLately(db, `setup ${request.address ?? 'unknown'}`)) > triesMax) {
      throw fault('too-many', 'setup.too-many-tries', 'Too many codes were tried from here. Wait a quarter of an hour.', {
        retryAfterSeconds: 900,
      });
    }
    const codeHash = await openSetupCodeHash(db);
    if (!codeHash) throw fault('conflict', 'setup.done', 'This installation is set up already. Sign in.');
    if (!setupCodeHash(hashKey, code).equals(codeHash)) {
      throw fault(
        'forbidden',
        'setup.wrong-code',
        'This is not the code. The terminal in which Gatehouse was started shows it, beside this address.',
      );
    }
    await record(db.prisma, { event: 'setup.claimed', actor: whoeverSetsUp, detail: { address: request.address } });
    cookies.set(setupCookie, makeSetupPass(hashKey, codeHash, now), setupPassSeconds);
    return { admitted: true as const };
  },
});

export const setupChooseAdmins = operation({
  id: 'setup.chooseAdmins',
  method: 'POST',
  path: '/setup/admins',
  summary: 'Says who administers the platform, and ends the first steps: from now on people sign in',
  allow: 'setup',
  input: chooseAdminsInput,
  output: chooseAdminsOutput,
  async run({ db, world, now, cookies }, viewer, { subject }) {
    if (!(await setupIsOpen(db)))
      throw fault('conflict', 'setup.done', 'This installation is set up already. Grant “platform-admin” on all clusters instead.');
    const name = nameOf(world, subject);
    const people = subject.kind === 'person' ? [subject.id] : [...world.membersOf(subject.id)];
    const live = people.filter((id) => world.standing(id, now) === 'live').length;
    if (live === 0) {
      throw fault(
        'bad-input',
        'setup.nobody-could-sign-in',
        `Nobody in ${name} can sign in: you would lock yourself out. Choose another group.`,
      );
    }
    const actor = viewer ? actorOf(viewer) : whoeverSetsUp;
    const place = placeOf({ kind: 'all' });
    const where = scopeInWords(place, { cluster: () => undefined, project: () => undefined });
    const grantId = await changing(db, async (tx, touch) => {
      if (!(await finishSetup(tx, touch, world.installation.id, actor)))
        throw fault('conflict', 'setup.done', 'Somebody else finished the setup meanwhile. Sign in.');
      return createGrant(
        tx,
        touch,
        { roleId: platformAdminId, place, subject: { ...subject, name }, until: null, reason: 'first setup', where },
        actor,
      );
    });
    cookies.set(setupCookie, null);
    return { grantId, people: live };
  },
});

function nameOf(world: World, { kind, id }: { kind: 'group' | 'person'; id: string }): string {
  const name = kind === 'group' ? world.group(id)?.name : world.person(id)?.displayName;
  if (!name) throw fault('not-found', 'setup.no-such-subject', `There is no such ${kind} in the directory.`);
  return name;
}

export const settingsUpdate = operation({
  id: 'settings.update',
  method: 'PATCH',
  path: '/settings',
  summary: 'Changes what an admin may set for this installation',
  allow: 'admin',
  input: settingsUpdateInput,
  output: settingsOutput,
  async run(context, viewer, { accessContact, credentialIdleDays }) {
    const { db, world } = context;
    const changed = {
      ...(accessContact === undefined ? {} : { accessContact: accessContact || null }),
      ...(credentialIdleDays === undefined ? {} : { credentialIdleDays }),
    };
    await changing(db, (tx, touch) => storeSettings(tx, touch, world.installation.id, changed, actorOf(viewer)));
    return settingsGet.run(context, viewer, {});
  },
});

export const operations = [setupClaim, setupChooseAdmins, settingsUpdate];
