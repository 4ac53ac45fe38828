/**
 * The local accounts as administrators keep them, and the door through which one comes in. Passwords and one-time secrets are made here, told
 * once in the answer, and go sealed to the worker; this process keeps nothing of them.
 *
 * Accounts are kept by people: a platform admin, signed in themselves. Not by an API token, which must not leave behind something that outlives
 * it; and not by a local account, which would otherwise seal itself again or acknowledge its own use.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { changing } from '#lib/db/database.ts';
import { requireFreshFacts } from '#lib/entitlement/fresh-facts.ts';
import { fault } from '#lib/errors/fault.ts';
import { breakGlassCookie } from '#lib/session/cookies.ts';
import { endSession } from '#lib/session/mutations.ts';
import { actorOf, type Viewer } from '#lib/session/viewer.ts';
import { breakGlassSessionHash } from './data.ts';
import { sessionMinutes } from './mutations.ts';
import { newOneTimeSecret, oneTimeAddress } from './one-time-code.ts';
import { newPassword } from './password.ts';
import {
  alertReference,
  confirmInput,
  done,
  endedOutput,
  endInput,
  madeOutput,
  makeInput,
  reference,
  signInInput,
  signInOutput,
  switchInput,
} from './schema.ts';
import { switchedOff } from './sign-in.ts';

const answeredSignIn = z.object({ name: z.string(), expiresAt: z.iso.datetime() });
/** Hashing takes its turn behind other tries. */
const askTimeoutMs = 15_000;

export const breakGlassSignIn = operation({
  id: 'breakGlass.signIn',
  method: 'POST',
  path: '/break-glass/session',
  summary: 'Signs in by a local account, for emergencies: one hour, this portal only; every try is told to all administrators',
  allow: 'anyone',
  input: signInInput,
  output: signInOutput,
  async run({ db, config, request, hashKey, ask, cookies }, viewer, typed) {
    if (!config.breakGlass) throw switchedOff();
    const secret = randomBytes(32).toString('base64url');
    const facts = { address: request.address, userAgent: request.userAgent };
    const sessionHash = breakGlassSessionHash(hashKey, secret).toString('base64');
    const answer = await ask('break-glass.sign-in', { ...facts, sessionHash }, typed, { timeoutMs: askTimeoutMs });
    cookies.set(breakGlassCookie, secret, sessionMinutes * 60);
    if (viewer?.via === 'session') await leavePersonsSession(db, viewer);
    return answeredSignIn.parse(answer);
  },
});

export const breakGlassSignOut = operation({
  id: 'breakGlass.signOut',
  method: 'DELETE',
  path: '/break-glass/session',
  summary: 'Ends the break-glass session of this browser',
  allow: 'person',
  input: none,
  output: done,
  async run({ ask, cookies }, viewer) {
    if (viewer.via !== 'break-glass') throw fault('conflict', 'break-glass.no-session', 'This is no break-glass session.');
    await ask('break-glass.leave', { sessionId: viewer.sessionId, reason: 'signed out' });
    cookies.set(breakGlassCookie, null);
    return {};
  },
});

export const breakGlassMake = operation({
  id: 'breakGlass.make',
  method: 'POST',
  path: '/break-glass/accounts',
  summary: 'Makes a local account: its password and one-time secret are told in this answer and never again',
  allow: 'admin',
  onFreshFacts: true,
  input: makeInput,
  output: madeOutput,
  status: 201,
  async run(context, viewer, { name }) {
    requirePerson(viewer);
    const secrets = { password: newPassword(), oneTimeSecret: newOneTimeSecret() };
    const { id } = reference.parse(await context.ask('break-glass.make', { name }, secrets, { timeoutMs: askTimeoutMs }));
    return told(context, { id, name }, secrets);
  },
});

export const breakGlassMakeAnew = operation({
  id: 'breakGlass.makeAnew',
  method: 'POST',
  path: '/break-glass/accounts/{id}/anew',
  summary: 'Makes a local account anew: what was before ends at once, the new password and one-time secret are told in this answer',
  allow: 'admin',
  onFreshFacts: true,
  input: reference,
  output: madeOutput,
  async run(context, viewer, { id }) {
    requirePerson(viewer);
    const secrets = { password: newPassword(), oneTimeSecret: newOneTimeSecret() };
    const answer = await context.ask('break-glass.make-anew', { id }, secrets, { timeoutMs: askTimeoutMs });
    return told(context, { id, name: z.object({ name: z.string() }).parse(answer).name }, secrets);
  },
});

export const breakGlassConfirm = operation({
  id: 'breakGlass.confirm',
  method: 'POST',
  path: '/break-glass/accounts/{id}/confirm',
  summary: 'Shows a code of the account’s one-time secret: from now on it is sealed and ready',
  allow: 'admin',
  onFreshFacts: true,
  input: confirmInput,
  output: done,
  async run({ ask }, viewer, { id, code }) {
    requirePerson(viewer);
    await ask('break-glass.confirm', { id }, { code });
    return {};
  },
});

export const breakGlassEnd = operation({
  id: 'breakGlass.end',
  method: 'DELETE',
  path: '/break-glass/accounts/{id}',
  summary: 'Ends a local account and its sessions at once, for good',
  allow: 'admin',
  input: endInput,
  output: endedOutput,
  async run({ ask }, viewer, input) {
    requirePerson(viewer);
    return endedOutput.parse(await ask('break-glass.end', input));
  },
});

export const breakGlassSwitch = operation({
  id: 'breakGlass.switch',
  method: 'PUT',
  path: '/break-glass',
  summary: 'Switches break-glass on, or off: then its page says so, and its sessions end at once',
  allow: 'admin',
  input: switchInput,
  output: endedOutput,
  async run({ ask, world, now }, viewer, { on }) {
    requirePerson(viewer);
    if (on) requireFreshFacts(world, viewer.person.id, now);
    return endedOutput.parse(await ask('break-glass.switch', { on }));
  },
});

export const breakGlassAcknowledge = operation({
  id: 'breakGlass.acknowledge',
  method: 'POST',
  path: '/break-glass/alerts/{id}/acknowledge',
  summary: 'Says that I have seen a use or refused tries; the alert then leaves everybody’s overview',
  allow: 'admin',
  input: alertReference,
  output: done,
  async run({ ask }, viewer, { id }) {
    requirePerson(viewer);
    await ask('break-glass.acknowledge', { id });
    return {};
  },
});

/** One browser is one somebody: what is done from here on is the local account's. */
async function leavePersonsSession(db: PortalContext['db'], viewer: Viewer): Promise<void> {
  const { sessionId = '', person } = viewer;
  await changing(db, (tx, touch) => endSession(tx, touch, sessionId, person.id, 'signed in by break-glass', actorOf(viewer)));
}

function told({ config }: PortalContext, account: { id: string; name: string }, secrets: { password: string; oneTimeSecret: string }) {
  const label = `${account.name}@${new URL(config.portalUrl).hostname}`;
  return { ...account, ...secrets, oneTimeAddress: oneTimeAddress(secrets.oneTimeSecret, label) };
}

function requirePerson(viewer: Viewer): void {
  if (viewer.via === 'session') return;
  throw fault(
    'forbidden',
    'break-glass.person-only',
    viewer.via === 'token'
      ? 'Local accounts are not kept by API tokens. Sign in to the portal and do it there.'
      : 'A local account cannot keep local accounts. A platform admin who signs in through the directory does.',
  );
}

export const operations = [
  breakGlassSignIn,
  breakGlassSignOut,
  breakGlassMake,
  breakGlassMakeAnew,
  breakGlassConfirm,
  breakGlassEnd,
  breakGlassSwitch,
  breakGlassAcknowledge,
];
