/**
 * A sign-in by AD name and password. In this order: what was typed is looked at before anything is asked of anyone; it is resolved to one
 * account that we know; a try is taken out of its budget; the account is read anew from a domain controller; and only if it may be used is
 * the password tried, once, on that one domain controller, as the DN that the account has at that moment.
 *
 * Unknown, wrong, locked, disabled: one answer, in one rhythm. What it really was stands in the operator's log and in the audit log.
 */
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { type Fault, fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import { accountState } from './active-directory/account.ts';
import { isWithin } from './active-directory/distinguished-name.ts';
import { type Candidate, endpointOf, findCandidates, loadControllers, loadDirectories, loadSealedSecret } from './data.ts';
import { secretContext } from './following.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal, openConnection } from './ldap/connection.ts';
import type { Endpoint } from './ldap/transport.ts';
import { oneNameFor, readTypedName, whoIsMeant } from './login-name.ts';
import { bucketsFor } from './login-throttle.ts';
import { giveBackTry, reserveTry, settleTry } from './mutations.ts';
import { readPerson } from './read.ts';
import { briefly } from './sentences.ts';
import type { Directory } from './types.ts';

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

  const directories = await loadDirectories(db);
  const meant = whoIsMeant(name, await candidates(db, name, directories));
  const policy = meant?.directory ?? strictest(directories);
  const buckets = bucketsFor(meant ? { personId: meant.id } : { name: oneNameFor(name, directories) }, policy, address);
  const reserved = await changing(db, (tx) => reserveTry(tx, buckets));
  if ('empty' in reserved) {
    await refused(options, reserved.empty.startsWith('address:') ? 'throttled-address' : 'throttled', meant, address);
    const minutes = Math.ceil(buckets[0].windowSeconds / 60);
    throw fault('too-many', 'login.throttled', `Too many tries. Wait up to ${minutes} minutes, then try again.`, { retryAfterSeconds: 60 });
  }
  if (!meant) throw await refused(options, 'unknown', null, address);

  let refusal: string | null;
  const attempt: Attempt = { givenUp: false, passwordSent: false };
  try {
    refusal = await within(answerWithinMs, tryPassword(options, meant, password, attempt));
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
  if (refusal) throw await refused(options, refusal, meant, address);
  await settleTry(db, reserved.ids, buckets[0].name);
  return { personId: meant.id };
}

/** Why not; null when the password is right and the account may be used. Throws when nobody could say. */
async function tryPassword(
  { db, openingKey, log }: AuthenticateOptions,
  meant: Meant,
  password: string,
  attempt: Attempt,
): Promise<string | null> {
  const { directory } = meant;
  if (meant.cutAt) return 'cut';
  const read = (one: LdapConnection) => readPerson(one, meant.objectGuid);
  const { url, connection, answer: facts } = await reachOne({ db, openingKey, log }, directory, read);
  try {
    if (!facts) return 'gone';
    const scopes = directory.settings.scopeDns;
    const outOfScope = scopes.length > 0 && !scopes.some((scope) => isWithin(facts.dn, scope));
    const state = accountState({ ...facts, deleted: false, cut: false, outOfScope }, directory.lockoutSeconds, new Date());
    if (state !== 'enabled') return state;
    return await bindAs(endpointOf(directory, url), facts.dn, password, attempt);
  } finally {
    connection.close();
  }
}

/** Only ever on one domain controller: a wrong password tried on two counts twice. */
async function bindAs(endpoint: Endpoint, dn: string, password: string, attempt: Attempt): Promise<string | null> {
  const connection = await openConnection(endpoint, controllerPatienceMs);
  try {
    if (attempt.givenUp) throw new LdapDoubt('the sign-in was given up before the password was sent');
    attempt.passwordSent = true;
    await connection.bind(dn, password);
    return null;
  } catch (error) {
    if (!(error instanceof LdapRefusal) || error.status !== invalidCredentials) throw error;
    return `bind-${/data ([0-9a-f]+)/.exec(error.message)?.[1] ?? 'refused'}`;
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
  const controllers = (await loadControllers(db, directory.id)).toSorted((one, other) => rank(one) - rank(other));
  let last: unknown = new Error('the directory has no domain controller');
  for (const { url } of controllers) {
    let connection: LdapConnection | null = null;
    try {
      connection = await openConnection(endpointOf(directory, url), controllerPatienceMs);
      await connection.bind(directory.settings.bindDn, secret.password);
      return { url, connection, answer: await question(connection) };
    } catch (error) {
      connection?.close();
      log.warn({ err: error, url }, 'a domain controller could not be used for a sign-in');
      last = error;
    }
  }
  throw last;
}

function rank({ state }: { readonly state: string }): number {
  return state === 'following' || state === 'reading' ? 0 : 1;
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

/** Whoever is not known is throttled as if in the domain that locks soonest. */
function strictest(directories: readonly Directory[]): { lockoutThreshold: number | null; lockoutSeconds: number | null } {
  const [first] = directories.toSorted((one, other) => (one.lockoutThreshold ?? 99) - (other.lockoutThreshold ?? 99));
  return first ?? { lockoutThreshold: null, lockoutSeconds: null };
}

function isUsablePassword(password: unknown): password is string {
  return typeof password === 'string' && password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= passwordBytesMax;
}

/** What was typed is not recorded: it may be a password in the wrong field. */
async function refused({ db, log }: AuthenticateOptions, reason: string, meant: Meant | null, address: string | null): Promise<Fault> {
  log.info({ reason, person: meant?.id ?? null, address }, 'a sign-in was refused');
  await record(db.prisma, {
    event: 'session.refused',
    actor: { kind: 'anonymous', name: address ?? undefined },
    subject: meant ? { kind: 'person', id: meant.id, name: meant.displayName } : undefined,
    detail: { reason },
  });
  return fault('unauthenticated', 'login.refused', 'This name and password do not fit together, or the account may not sign in.', {
    detail: reason,
  });
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
