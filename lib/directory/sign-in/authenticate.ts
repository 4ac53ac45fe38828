/**
 * A sign-in by AD name and password. In this order: what was typed is looked at before anything is asked of anyone; it is resolved to one
 * account that we know; a try is taken out of its budget; the account is read anew from a domain controller, and with it the password policy
 * that it is under; and only if it may be used, and its own policy leaves a try, is the password tried, once, on that one domain
 * controller, as the DN that the account has at that moment.
 *
 * Unknown, ambiguous, wrong, locked, disabled: one answer, in one rhythm. What it really was stands in the operator's log and in the audit
 * log. Only to somebody whose password AD has confirmed is said why they may not come in.
 */
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { type Fault, fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import { accountState } from '../active-directory/account.ts';
import { isWithin } from '../active-directory/distinguished-name.ts';
import { endpointOf, loadControllers, loadDirectories, loadSealedSecret } from '../data.ts';
import { secretContext } from '../follow/following.ts';
import { inOrderOfHealth, noteNotReached, noteReached } from '../follow/health.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal, openConnection } from '../ldap/connection.ts';
import { readPasswordPolicy } from '../ldap/password-policy.ts';
import type { Endpoint } from '../ldap/transport.ts';
import { isTakenIn } from '../read/own-filter.ts';
import { readForSignIn } from '../read/read.ts';
import { briefly } from '../sentences.ts';
import type { Directory } from '../types.ts';
import { type BindReason, readBindReason } from './bind-reasons.ts';
import { type Candidate, findCandidates, rememberPolicy, type StandIn, standInFor } from './login-data.ts';
import { createGate } from './login-gate.ts';
import { homesOf, oneNameFor, readTypedName, type TypedName, whoIsMeant } from './login-name.ts';
import { accountBudget, type Bucket, type Budget, bucketsFor, budgetOf, budgetOfUnreadable, windowOf } from './login-throttle.ts';
import { giveBackTry, isWithinBudget, reserveTry, settleTry } from './login-tries.ts';

export interface AuthenticateOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly log: Log;
}

export interface SignIn {
  readonly login: unknown;
  readonly password: unknown;
  readonly address: string | null;
}

interface Meant extends Candidate {
  readonly domain: string;
  readonly netbios: string | null;
  readonly directory: Directory;
}

/** What the waiting side and the working side of one try tell each other: whoever stopped waiting must not have a password tried. */
interface Attempt {
  givenUp: boolean;
  passwordSent: boolean;
}

const passwordBytesMax = 1_024;
const answerWithinMs = 4_500;
const controllerPatienceMs = 1_500;
/** Refusals come on this beat, however far they got. */
const refusalBeatMs = 400;
const invalidCredentials = 49;
/** In one process; the buckets of a flood are the same one, and would only wait for each other inside the database. */
const reservations = createGate(1);
/** Of this process with domain controllers, two connections each. */
const conversations = createGate(20);

export async function authenticate(options: AuthenticateOptions, signIn: SignIn): Promise<{ personId: string }> {
  const began = performance.now();
  try {
    return await decide(options, signIn);
  } catch (error) {
    const beats = Math.ceil((performance.now() - began) / refusalBeatMs);
    await new Promise((resolve) => setTimeout(resolve, beats * refusalBeatMs - (performance.now() - began)));
    throw error;
  }
}

async function decide(options: AuthenticateOptions, { login, password, address }: SignIn): Promise<{ personId: string }> {
  const { db, log } = options;
  const name = readTypedName(login);
  if (!name || !isUsablePassword(password)) throw await refused(options, 'malformed', null, address);

  const directories = (await loadDirectories(db)).filter(({ takenInAt }) => takenInAt !== null);
  if (directories.length === 0) throw notReadYet();
  const meant = whoIsMeant(name, await candidates(db, name, directories));
  const buckets = meant
    ? bucketsFor({ personId: meant.id }, knownBudget(meant, meant.directory), address)
    : await bucketsOfNobody(db, name, directories, address);
  const reserved = await reservations.run(() => changing(db, (tx) => reserveTry(tx, buckets)));
  if ('empty' in reserved) {
    const why = reserved.empty.startsWith('address:') ? 'throttled-address' : 'throttled';
    throw await throttled(options, why, buckets[0].windowSeconds, meant, address);
  }
  if (!meant) throw await refused(options, 'unknown', null, address);

  let verdict: Verdict;
  const attempt: Attempt = { givenUp: false, passwordSent: false };
  try {
    const work = () => tryPassword(options, meant, buckets[0], password, attempt);
    verdict = await within(answerWithinMs, conversations.run(work));
  } catch (error) {
    attempt.givenUp = true;
    // A password that was sent may have counted in AD, whatever became of the answer.
    if (!attempt.passwordSent) await giveBackTry(db, reserved.ids);
    log.error({ err: error, directory: meant.domain }, 'a sign-in could not be decided');
    throw fault('unavailable', 'login.directory-down', 'Your company’s directory cannot be reached just now. Try again in a moment.', {
      detail: briefly(error),
      cause: error,
      retryAfterSeconds: 5,
    });
  }
  switch (verdict.kind) {
    case 'right':
      await settleTry(db, reserved.ids, buckets[0].name);
      return { personId: meant.id };
    case 'unusable':
      throw await refused(options, verdict.state, meant, address);
    case 'throttled':
      await giveBackTry(db, reserved.ids);
      throw await throttled(options, 'throttled', verdict.windowSeconds, meant, address);
    case 'refused': {
      const { code, words, kindly } = verdict.reason;
      if (!kindly) throw await refused(options, code, meant, address, words);
      // Whoever knows the password guesses nothing.
      await giveBackTry(db, reserved.ids);
      await refused(options, code, meant, address, words);
      throw kindFault(kindly, `${code}: ${words}`);
    }
  }
}

/** Whom a name means is known only when all are. */
function notReadYet(): Fault {
  return fault(
    'unavailable',
    'login.directory-not-read',
    'Your company’s directory is being read for the first time. Try again in a few minutes.',
    {
      detail: 'no directory has been taken in completely yet',
      retryAfterSeconds: 30,
    },
  );
}

type Verdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'unusable'; readonly state: string }
  | { readonly kind: 'throttled'; readonly windowSeconds: number }
  | { readonly kind: 'refused'; readonly reason: BindReason };

/** Throws when nobody could say. */
async function tryPassword(
  { db, openingKey, log }: AuthenticateOptions,
  meant: Meant,
  account: Bucket,
  password: string,
  attempt: Attempt,
): Promise<Verdict> {
  const { directory } = meant;
  if (attempt.givenUp) throw new LdapDoubt('the sign-in was given up before its turn came');
  if (meant.cutAt) return { kind: 'unusable', state: 'cut' };
  const question = async (one: LdapConnection) => {
    const read = await readForSignIn(one, meant.objectGuid);
    if (!read) return null;
    const takenIn = await isTakenIn(one, directory.baseDn, meant.objectGuid, directory.settings);
    return { ...read, takenIn, own: await ownPolicyOf(one, directory, read.ownPolicyBase) };
  };
  const { url, connection, answer } = await reachOne({ db, openingKey, log }, directory, question);
  try {
    if (!answer) return { kind: 'unusable', state: 'gone' };
    const { facts, own, takenIn } = answer;
    const isNews = (own?.tries ?? null) !== meant.loginBudget || (own?.lockoutSeconds ?? null) !== meant.lockoutWindowSeconds;
    if (isNews) await rememberPolicy(db, meant.id, own);
    const { scopeDns } = directory.settings;
    const outOfScope = !takenIn || (scopeDns.length > 0 && !scopeDns.some((scope) => isWithin(facts.dn, scope)));
    const lockoutSeconds = own?.lockoutSeconds ?? directory.lockoutSeconds;
    const state = accountState({ ...facts, deleted: false, cut: false, outOfScope }, lockoutSeconds, new Date());
    if (state !== 'enabled') return { kind: 'unusable', state };
    const now = { ...account, budget: own?.tries ?? accountBudget(directory.lockoutThreshold), windowSeconds: windowOf(lockoutSeconds) };
    // The try was taken by what we last knew of the policy. What holds now may leave fewer.
    if (isNews && !(await isWithinBudget(db, now))) return { kind: 'throttled', windowSeconds: now.windowSeconds };
    const reason = await bindAs(endpointOf(directory, url), facts.dn, password, attempt);
    return reason ? { kind: 'refused', reason } : { kind: 'right' };
  } finally {
    connection.close();
  }
}

interface OwnPolicy {
  readonly tries: number;
  readonly lockoutSeconds: number | null;
}

/** Null: the domain's holds. */
async function ownPolicyOf(connection: LdapConnection, directory: Directory, base: string | null): Promise<OwnPolicy | null> {
  if (base === null) return null;
  const policy = await readPasswordPolicy(connection, base);
  if (!policy) return { tries: budgetOfUnreadable(directory), lockoutSeconds: null };
  return { tries: accountBudget(policy.lockoutThreshold), lockoutSeconds: policy.lockoutSeconds };
}

function knownBudget({ loginBudget, lockoutWindowSeconds }: StandIn, directory: Directory): Budget {
  const ofDomain = budgetOf(directory);
  return { tries: loginBudget ?? ofDomain.tries, windowSeconds: windowOf(lockoutWindowSeconds ?? directory.lockoutSeconds) };
}

/**
 * Whoever means nobody is counted as somebody would be who exists: under one name for all ways to write it, in one directory (a bare name in
 * the one where its stand-in lives), and by that somebody's policy.
 */
async function bucketsOfNobody(db: Database, name: TypedName, directories: readonly Directory[], address: string | null) {
  const lives = async (text: string, among: readonly Directory[]) =>
    standInFor(
      db,
      text,
      among.map(({ id }) => id),
    );
  const possible = homesOf(name, directories);
  const place = name.form === 'sam' && possible.length > 1 ? await lives(name.folded, possible) : null;
  const homes = place ? possible.filter(({ id }) => id === place.directoryId) : possible;
  const one = oneNameFor(name, homes);
  const standIn = await lives(one, homes);
  const home = homes.find(({ id }) => id === standIn?.directoryId);
  const budget = standIn && home ? knownBudget(standIn, home) : budgetOf({ lockoutThreshold: null, lockoutSeconds: null });
  return bucketsFor({ name: one }, budget, address);
}

/** Only ever on one domain controller: a wrong password tried on two counts twice. */
async function bindAs(endpoint: Endpoint, dn: string, password: string, attempt: Attempt): Promise<BindReason | null> {
  const connection = await openConnection(endpoint, controllerPatienceMs);
  try {
    if (attempt.givenUp) throw new LdapDoubt('the sign-in was given up before the password was sent');
    attempt.passwordSent = true;
    await connection.bind(dn, password);
    return null;
  } catch (error) {
    if (!(error instanceof LdapRefusal) || error.status !== invalidCredentials) throw error;
    return readBindReason(error.message);
  } finally {
    connection.close();
  }
}

/** Until here nothing of the person's was sent to anybody, so the next domain controller may be asked when one does not answer. */
export async function reachOne<Answer>(
  { db, openingKey, log }: AuthenticateOptions,
  directory: Pick<Directory, 'id' | 'settings'>,
  question: (connection: LdapConnection) => Promise<Answer>,
): Promise<{ url: string; connection: LdapConnection; answer: Answer }> {
  const sealed = await loadSealedSecret(db, directory.id);
  if (!sealed) throw new Error('the directory has no secret');
  const secret = JSON.parse(open(openingKey, sealed, secretContext(directory.id)).toString('utf8')) as { password: string };
  const controllers = inOrderOfHealth(await loadControllers(db, directory.id));
  let last: unknown = new Error('the directory has no domain controller');
  for (const controller of controllers) {
    const { url } = controller;
    let connection: LdapConnection | null = null;
    try {
      connection = await openConnection(endpointOf(directory, url), controllerPatienceMs);
      await connection.bind(directory.settings.bindDn, secret.password);
      const answer = await question(connection);
      noteReached(controller);
      return { url, connection, answer };
    } catch (error) {
      connection?.close();
      if (!(error instanceof LdapRefusal)) noteNotReached(controller);
      log.warn({ err: error, url }, 'a domain controller could not be used for a sign-in');
      last = error;
    }
  }
  throw last;
}

async function candidates(
  db: Database,
  name: NonNullable<ReturnType<typeof readTypedName>>,
  directories: readonly Directory[],
): Promise<Meant[]> {
  const byId = new Map(directories.map((directory) => [directory.id, directory]));
  return (await findCandidates(db, name)).flatMap((candidate) => {
    const directory = byId.get(candidate.directoryId);
    return directory ? { ...candidate, directory, domain: directory.domain, netbios: directory.netbios } : [];
  });
}

function isUsablePassword(password: unknown): password is string {
  return typeof password === 'string' && password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= passwordBytesMax;
}

/** What was typed is not recorded: it may be a password in the wrong field. */
async function refused(
  { db, log }: AuthenticateOptions,
  reason: string,
  meant: Meant | null,
  address: string | null,
  words?: string,
): Promise<Fault> {
  log.info({ reason, words, person: meant?.id ?? null, address }, 'a sign-in was refused');
  await record(db.prisma, {
    event: 'session.refused',
    actor: { kind: 'anonymous', name: address ?? undefined },
    subject: meant ? { kind: 'person', id: meant.id, name: meant.displayName } : undefined,
    detail: { reason, ...(words ? { words } : {}) },
  });
  return fault('unauthenticated', 'login.refused', 'This name and password do not fit together, or the account may not sign in.', {
    detail: reason,
  });
}

async function throttled(
  options: AuthenticateOptions,
  reason: string,
  windowSeconds: number,
  meant: Meant | null,
  address: string | null,
): Promise<Fault> {
  await refused(options, reason, meant, address);
  const minutes = Math.ceil(windowSeconds / 60);
  return fault('too-many', 'login.throttled', `Too many tries. Wait up to ${minutes} minutes, then try again.`, { retryAfterSeconds: 60 });
}

function kindFault(kindly: NonNullable<BindReason['kindly']>, detail: string): Fault {
  return kindly === 'change-password'
    ? fault(
        'forbidden',
        'login.password-expired',
        'Your password is right, but has to be changed before you can sign in. Change it, then come back.',
        {
          detail,
        },
      )
    : fault(
        'forbidden',
        'login.not-now',
        'Your password is right, but your account may not sign in now. Ask your directory administrators.',
        {
          detail,
        },
      );
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
