/**
 * The next sync, foreseen: the directory is read whole with the settings in question, planned by the same planner, and told instead of
 * written. It promises what the read would do if it came now; what the directory says a minute later may be something else.
 */
import type { Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Progress } from '#lib/request/answer.ts';
import { endpointOf, loadAllKnown } from '../data.ts';
import { type LdapConnection, openConnection } from '../ldap/connection.ts';
import { readDomain, readIdentity } from '../ldap/domain.ts';
import type { Operation } from '../plan/operation.ts';
import { planInSlices } from '../plan/plan.ts';
import { isLeaving, tallyOf } from '../plan/tally.ts';
import { observeEverything } from '../read/observe.ts';
import { explainFailure } from '../sentences.ts';
import { controllerUrlsOf } from '../settings/survey.ts';
import type { Directory, DirectorySettings, Known } from '../types.ts';
import { grantsOfGroups, holdingsOf } from './data.ts';
import type { PreviewAnswer } from './schema.ts';

export interface PreviewQuestion {
  readonly directory: Directory;
  /** With which it would be read. */
  readonly settings: DirectorySettings;
  readonly password: string;
  report(progress: Progress): void;
}

type Foreseen = Omit<PreviewAnswer, 'newPassword' | 'unchanged' | 'settings'>;

const listed = 1_000;
const newcomersListed = 50;

export async function foresee(db: Database, { directory, settings, password, report }: PreviewQuestion): Promise<Foreseen> {
  const began = new Date();
  const connection = await reachFirst(settings, password, report);
  try {
    const { domainSid, lockoutSeconds } = await readDomain(connection, await readIdentity(connection));
    const target: Directory = { ...directory, settings, domainSid, lockoutSeconds };
    const observation = await observeEverything(db, connection, target, report);
    report({ text: `Comparing ${observation.people.length} accounts and ${observation.groups.length} groups with what is known` });
    const known = await loadAllKnown(db, target);
    const question = { directory: target, known, observation, now: new Date(), alone: true, newId };
    const { held } = await planInSlices({ ...question, removalsApproved: false });
    const unguarded = { ...target, settings: { ...settings, sentinelPerson: undefined, sentinelGroup: undefined } };
    const { operations } = await planInSlices({ ...question, directory: unguarded, removalsApproved: true });
    return {
      readAt: began,
      seconds: (Date.now() - began.getTime()) / 1_000,
      accounts: observation.people.length,
      groups: observation.groups.length,
      tally: tallyOf(operations),
      losing: await whoLoses(db, operations),
      groupsLosing: await whichGroupsLose(db, operations, known),
      appearing: newcomers(operations),
      held: held.map(({ what, removals, of, whom }) => ({ what, removals, of, names: whom.slice(0, listed).map(({ name }) => name) })),
    };
  } finally {
    connection.close();
  }
}

/** The first that answers: what is read is the same on each, and the others are examined before anything is saved. */
async function reachFirst(settings: DirectorySettings, password: string, report: PreviewQuestion['report']) {
  const { urls } = await controllerUrlsOf(settings);
  let failure: unknown = new Error('no domain controller is entered');
  for (const url of urls) {
    report({ text: `Asking ${url}` });
    let connection: LdapConnection | null = null;
    try {
      connection = await openConnection(endpointOf({ settings }, url));
      await connection.bind(settings.bindDn, password);
      return connection;
    } catch (error) {
      connection?.close();
      failure = explainFailure(error, url);
    }
  }
  throw failure;
}

async function whoLoses(db: Database, operations: readonly Operation[]): Promise<Foreseen['losing']> {
  const losing = operations.filter((one) => one.kind === 'update-person').filter((one) => one.cut !== null || isLeaving(one));
  const holdings = await holdingsOf(
    db,
    losing.map(({ person }) => person.id),
  );
  const rows = losing.map(({ person: { id, displayName, upn, samAccountName, state } }) => {
    const { grants, credentials } = holdings.get(id) ?? { grants: 0, credentials: 0 };
    return { id, name: displayName, login: upn ?? samAccountName, state, grants, credentials };
  });
  return {
    people: rows.length,
    withGrants: rows.filter(({ grants }) => grants > 0).length,
    credentials: rows.reduce((sum, { credentials }) => sum + credentials, 0),
    list: rows.sort((a, b) => b.grants - a.grants || b.credentials - a.credentials || a.name.localeCompare(b.name)).slice(0, listed),
  };
}

async function whichGroupsLose(db: Database, operations: readonly Operation[], known: Known): Promise<Foreseen['groupsLosing']> {
  const lost = new Map<string, { gone: boolean; members: number }>();
  const note = (id: string, gone: boolean, members: number) => {
    const before = lost.get(id) ?? { gone: false, members: 0 };
    lost.set(id, { gone: gone || before.gone, members: before.members + members });
  };
  for (const operation of operations) {
    if (operation.kind === 'delete-group') note(operation.group.id, true, 0);
    if (operation.kind === 'remove-member') note(operation.groupId, false, 1);
  }
  const names = new Map(known.groups.map(({ id, name }) => [id, name]));
  const grants = await grantsOfGroups(db, [...lost.keys()]);
  const rows = [...lost].map(([id, loss]) => ({ id, name: names.get(id) ?? id, ...loss, grants: grants.get(id) ?? 0 }));
  return {
    groups: rows.length,
    list: rows.sort((a, b) => b.grants - a.grants || b.members - a.members || a.name.localeCompare(b.name)).slice(0, listed),
  };
}

function newcomers(operations: readonly Operation[]): Foreseen['appearing'] {
  const people = operations.filter((one) => one.kind === 'create-person').map(({ person }) => person);
  const groups = operations.filter((one) => one.kind === 'create-group').map(({ group }) => group);
  return {
    people: people
      .slice(0, newcomersListed)
      .map(({ displayName, upn, samAccountName }) => ({ name: displayName, login: upn ?? samAccountName })),
    groups: groups.slice(0, newcomersListed).map(({ name }) => ({ name })),
  };
}
