import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import type { World } from '#lib/entitlement/types.ts';
import { accountsMax, accountsNeeded, isSetUp, openHours, openUntil, stateOf } from './account-state.ts';
import { type AccountRow, isSwitchedOff, livingAccounts, openAlerts, readSwitch } from './data.ts';
import { sessionMinutes } from './mutations.ts';
import { availableOutput, breakGlassOutput } from './schema.ts';

export const breakGlassAvailable = operation({
  id: 'breakGlass.available',
  method: 'GET',
  path: '/break-glass/available',
  summary: 'Whether the sign-in page of the local accounts is of any use here; says nothing of the accounts',
  allow: 'anyone',
  input: none,
  output: availableOutput,
  async run({ db, config }) {
    return { available: config.breakGlass && !(await isSwitchedOff(db)) };
  },
});

export const breakGlassGet = operation({
  id: 'breakGlass.get',
  method: 'GET',
  path: '/break-glass',
  summary: 'The local accounts for emergencies: how each stands, and what happened at their door that nobody has acknowledged',
  allow: 'auditor',
  input: none,
  output: breakGlassOutput,
  run: (context) => breakGlassNow(context),
});

export async function breakGlassNow({ db, world, now, config }: Pick<PortalContext, 'db' | 'world' | 'now' | 'config'>) {
  const [accounts, alerts, { offAt, offBy }] = await Promise.all([livingAccounts(db), openAlerts(db), readSwitch(db)]);
  const off = !config.breakGlass
    ? ({ by: 'configuration', since: null, name: null } as const)
    : offAt
      ? ({ by: 'admin', since: offAt, name: offBy && nameOf(world, offBy) } as const)
      : null;
  return {
    available: off === null,
    off,
    setUp: isSetUp(accounts),
    accounts: accounts.map((account) => accountView(world, account, now)),
    alerts,
    rules: { accountsNeeded, accountsMax, sessionMinutes, openHours },
  };
}

function accountView(world: World, { madeBy, ...account }: AccountRow, now: Date) {
  return {
    ...account,
    state: stateOf(account, now),
    openUntil: openUntil(account),
    madeBy: { id: madeBy, name: nameOf(world, madeBy), left: world.standing(madeBy, now) !== 'live' },
  };
}

function nameOf(world: World, personId: string): string {
  return world.person(personId)?.displayName ?? personId;
}

export const operations = [breakGlassAvailable, breakGlassGet];
