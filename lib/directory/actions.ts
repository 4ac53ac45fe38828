/** What an admin does to people and directories from the portal. Cutting needs no directory; testing and connecting one is asked of the worker. */

import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { changing } from '#lib/db/database.ts';
import { fault, isFault } from '#lib/errors/fault.ts';
import { replicas } from '#lib/revocation/data.ts';
import { openStreams } from '#lib/revocation/views.ts';
import { actorOf } from '#lib/session/viewer.ts';
import { directoriesWithControllers } from './people/data.ts';
import { cutOff, liftCut } from './people/mutations.ts';
import { cutOffInput, cutOffOutput, liftCutInput, liftCutOutput } from './people/schema.ts';
import { noSuchPerson } from './people/views.ts';
import {
  connectInput,
  connectOutput,
  directoryRef,
  directoryRefOutput,
  disconnectInput,
  disconnectOutput,
  testOutput,
  updateInput,
} from './settings/connect-schema.ts';

/** Everybody is counted, and a large domain controller takes its time. */
const testTimeoutMs = 120_000;
const connectTimeoutMs = 60_000;
const disconnectTimeoutMs = 120_000;

export const peopleCutOff = operation({
  id: 'people.cutOff',
  method: 'POST',
  path: '/people/{id}/cut-off',
  summary: 'Cuts a person off everywhere at once, whatever the directory says, until an admin lifts it',
  allow: 'admin',
  input: cutOffInput,
  output: cutOffOutput,
  async run({ db, world, now }, viewer, { id, reason }) {
    const person = world.person(id);
    if (!person) throw noSuchPerson();
    if (id === viewer.person.id)
      throw fault('conflict', 'directory.cut-oneself', 'You cannot cut yourself off: nobody might be left to lift it. Ask another admin.');
    if (person.cut) throw fault('conflict', 'directory.cut-already', `${person.displayName} is cut off already.`);
    const streams = openStreams(world, await replicas(db)).filter((stream) => stream.person.id === id).length;
    const done = await changing(db, (tx, touch) =>
      cutOff(tx, touch, { personId: id, name: person.upn ?? person.displayName, reason, actor: actorOf(viewer), evidenceAt: now }),
    );
    return { ...done, streams };
  },
});

export const peopleLiftCut = operation({
  id: 'people.liftCut',
  method: 'POST',
  path: '/people/{id}/lift-cut',
  summary: 'Lifts an admin’s cut: the person is again what the directory says; credentials are to be issued anew',
  allow: 'admin',
  input: liftCutInput,
  output: liftCutOutput,
  async run({ db, world, now }, viewer, { id }) {
    const person = world.person(id);
    if (!person) throw noSuchPerson();
    const state = await changing(db, (tx, touch) =>
      liftCut(tx, touch, { personId: id, name: person.upn ?? person.displayName, actor: actorOf(viewer), now }),
    );
    if (state === null) throw fault('conflict', 'directory.not-cut', `${person.displayName} is not cut off by an admin.`);
    return { state };
  },
});

export const directoryTest = operation({
  id: 'directory.test',
  method: 'POST',
  path: '/directories/test',
  summary:
    'Tries a connection without keeping anything: controllers found, people and groups counted, sample rows, rights that are missing',
  allow: 'setup',
  input: connectInput,
  output: testOutput,
  async run({ ask }, _viewer, { bindPassword, ...settings }) {
    return testOutput.parse(await ask('directory.test', settings, { password: bindPassword }, { timeoutMs: testTimeoutMs }));
  },
});

export const directoryTestAgain = operation({
  id: 'directory.testAgain',
  method: 'POST',
  path: '/directories/{id}/test',
  summary: 'Tries the connection of a directory as it is kept, and changes nothing: what directory.test tells, by the stored password',
  allow: 'admin',
  input: directoryRef,
  output: testOutput,
  async run({ ask }, _viewer, { id }) {
    return testOutput.parse(await ask('directory.test-again', { directoryId: id }, undefined, { timeoutMs: testTimeoutMs }));
  },
});

export const directoryConnect = operation({
  id: 'directory.connect',
  method: 'POST',
  path: '/directories',
  summary: 'Connects a directory: it is read whole, then followed',
  allow: 'setup',
  input: connectInput,
  output: connectOutput,
  status: 201,
  async run(context, _viewer, { bindPassword, ...settings }) {
    try {
      const answer = await context.ask('directory.connect', settings, { password: bindPassword }, { timeoutMs: connectTimeoutMs });
      return { ...connectAnswer.parse(answer), reading: false };
    } catch (error) {
      return (isFault(error) && error.code === 'request.unanswered' && (await directoryBeingRead(context))) || Promise.reject(error);
    }
  },
});

const connectAnswer = connectOutput.omit({ reading: true });

/** A large directory takes longer to read than a browser should wait; the worker goes on. */
async function directoryBeingRead({ db }: Pick<PortalContext, 'db'>) {
  const directory = (await directoriesWithControllers(db)).find(({ state }) => state === 'new' || state === 'reading');
  return directory ? { directoryId: directory.id, domain: directory.domain, reading: true } : null;
}

export const directoryUpdate = operation({
  id: 'directory.update',
  method: 'PUT',
  path: '/directories/{id}',
  summary: 'Changes how a directory is reached or whom it takes in; it is examined first and read whole afterwards',
  allow: 'admin',
  input: updateInput,
  output: directoryRefOutput,
  async run({ ask }, _viewer, { id, bindPassword, ...settings }) {
    const secret = bindPassword === undefined ? undefined : { password: bindPassword };
    return directoryRefOutput.parse(await ask('directory.update', { directoryId: id, ...settings }, secret, { timeoutMs: testTimeoutMs }));
  },
});

export const directoryRead = operation({
  id: 'directory.read',
  method: 'POST',
  path: '/directories/{id}/read',
  summary: 'Has a directory read whole again now',
  allow: 'admin',
  input: directoryRef,
  output: directoryRefOutput,
  async run({ ask }, _viewer, { id }) {
    return directoryRefOutput.parse(await ask('directory.read', { directoryId: id }));
  },
});

export const directoryApproveRemovals = operation({
  id: 'directory.approveRemovals',
  method: 'POST',
  path: '/directories/{id}/approve-removals',
  summary: 'Says that the many removals which were held back are meant',
  allow: 'admin',
  input: directoryRef,
  output: directoryRefOutput,
  async run({ ask }, _viewer, { id }) {
    return directoryRefOutput.parse(await ask('directory.approve-removals', { directoryId: id }));
  },
});

export const directoryDisconnect = operation({
  id: 'directory.disconnect',
  method: 'POST',
  path: '/directories/{id}/disconnect',
  summary: 'Disconnects a directory: its people are nobody from then on, and what they hold is over',
  allow: 'admin',
  input: disconnectInput,
  output: disconnectOutput,
  async run({ db, ask, world }, viewer, { id, domain }) {
    const directory = (await directoriesWithControllers(db)).find((one) => one.id === id);
    if (!directory) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
    if (domain.toLowerCase() !== directory.domain)
      throw fault('bad-input', 'directory.not-confirmed', `Type ${directory.domain} to confirm that this domain is meant.`, {
        fields: { domain: `Type ${directory.domain}.` },
      });
    if (world.person(viewer.person.id)?.directoryId === id)
      throw fault(
        'conflict',
        'directory.own',
        'You are signed in by this directory, and would be locked out with everybody else. Sign in by another one to disconnect it.',
      );
    return disconnectOutput.parse(await ask('directory.disconnect', { directoryId: id }, undefined, { timeoutMs: disconnectTimeoutMs }));
  },
});

export const operations = [
  directoryDisconnect,
  peopleCutOff,
  peopleLiftCut,
  directoryTest,
  directoryTestAgain,
  directoryConnect,
  directoryUpdate,
  directoryRead,
  directoryApproveRemovals,
];
