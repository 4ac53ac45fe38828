/**
 * Break-glass: the way to administer the portal while the directory cannot be asked. It asks no directory and needs Postgres and a worker.
 *
 * It promises that nobody uses it unheard: the session, the alert that every administrator sees, the audit event and the change that the doors
 * count commit in one transaction, and each refused try leaves the same kinds of traces. It trusts nothing that the portal says of the person:
 * password and code come sealed and are judged here, by whoever alone can open the account's envelope. It refuses in one answer and one rhythm
 * whether the name means nobody, the password or the code is wrong, the code was used before, or the account is closed. It gives no way to a
 * cluster: the door knows people of the directory only.
 */

import type { OpeningKey, SealingKey } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { giveBackTry, reserveTry, settleTry } from '#lib/directory/sign-in/login-tries.ts';
import { type Fault, fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import { letsIn, stateOf } from './account-state.ts';
import { findSealedAccount, isSwitchedOff, type SealedAccount } from './data.ts';
import { noteRefusal, startBreakGlassSession, storeVerifier, takeStep } from './mutations.ts';
import { stepOf } from './one-time-code.ts';
import { hashPassword, isOutdated, isPassword, nobodysHash } from './password.ts';
import { bucketsFor } from './throttle.ts';
import { openVerifier, sealVerifier, type Verifier } from './verifier.ts';

export interface SignInOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  /** False where the configuration of this process switches it off. */
  readonly available: boolean;
  /** Refusals come on this beat, however far they got. */
  readonly beatMs?: number;
}

export interface Try {
  readonly name: string;
  readonly password: string;
  readonly code: string;
  readonly address: string | null;
  readonly userAgent: string | null;
  /** Of the secret that the portal will put into the cookie: here nobody learns the secret itself. */
  readonly sessionHash: Buffer;
}

export interface Let {
  readonly sessionId: string;
  readonly accountId: string;
  readonly name: string;
  readonly expiresAt: Date;
}

type Proof = { readonly account: SealedAccount; readonly verifier: Verifier; readonly step: number };

const defaultBeatMs = 1_000;
const nobodysSecret = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

export async function signInByBreakGlass(options: SignInOptions, tried: Try): Promise<Let> {
  const began = performance.now();
  try {
    return await decide(options, { ...tried, name: tried.name.trim().toLowerCase() });
  } catch (error) {
    const beat = options.beatMs ?? defaultBeatMs;
    const beats = Math.ceil((performance.now() - began) / beat);
    await new Promise((resolve) => setTimeout(resolve, beats * beat - (performance.now() - began)));
    throw error;
  }
}

async function decide(options: SignInOptions, tried: Try): Promise<Let> {
  const { db } = options;
  const account = await findSealedAccount(db, { name: tried.name });
  if (!options.available || (await isSwitchedOff(db))) {
    await refused(options, tried, account, 'switched off');
    throw switchedOff();
  }
  const buckets = bucketsFor(tried.name, tried.address);
  const reserved = await changing(db, (tx) => reserveTry(tx, buckets));
  if ('empty' in reserved) {
    await refused(options, tried, account, 'too many tries');
    throw fault('too-many', 'break-glass.throttled', 'Too many tries. Wait up to a quarter of an hour, then try again.', {
      retryAfterSeconds: 60,
    });
  }
  const proof = await proofOf(options, tried, account).catch(async (error: unknown) => {
    await giveBackTry(db, reserved.ids);
    throw error;
  });
  if (typeof proof === 'string') throw await refused(options, tried, account, proof);
  const session = await admit(options, tried, proof);
  if (!session) throw await refused(options, tried, account, 'code used before');
  await settleTry(db, reserved.ids, buckets[0].name);
  return session;
}

/** Why not. Everybody costs the same work, whoever they say they are. */
async function proofOf({ openingKey }: SignInOptions, tried: Try, account: SealedAccount | null): Promise<Proof | string> {
  const verifier = account
    ? openVerifier(openingKey, account.id, account.sealed)
    : { password: nobodysHash(), oneTimeSecret: nobodysSecret };
  const rightPassword = await isPassword(tried.password, verifier.password);
  const step = stepOf(verifier.oneTimeSecret, tried.code, new Date());
  if (!account) return 'no such account';
  const state = stateOf(account, new Date());
  if (!letsIn(state)) return state === 'closed' ? 'closed until it is made anew' : 'not confirmed';
  if (!rightPassword) return 'wrong password';
  return step === null ? 'wrong code' : { account, verifier, step };
}

/** Null when the code was taken before, here or by another worker meanwhile. */
async function admit({ db, sealingKey, log }: SignInOptions, tried: Try, { account, verifier, step }: Proof): Promise<Let | null> {
  const renewed = isOutdated(verifier.password) ? await hashPassword(tried.password) : null;
  const { id, name } = account;
  const { address, userAgent, sessionHash } = tried;
  const session = await changing(db, async (tx, touch) => {
    if (!(await takeStep(tx, id, step))) return null;
    if (renewed) await storeVerifier(tx, id, sealVerifier(sealingKey, id, { ...verifier, password: renewed }));
    return startBreakGlassSession(tx, touch, { account: { id, name }, secretHash: sessionHash, address, userAgent });
  });
  if (!session) return null;
  log.error({ account: name, address, session: session.id }, 'BREAK-GLASS: somebody came in by a local account');
  return { sessionId: session.id, accountId: id, name, expiresAt: session.expiresAt };
}

async function refused({ db, log }: SignInOptions, { address }: Try, account: SealedAccount | null, reason: string): Promise<Fault> {
  log.error({ account: account?.name ?? null, address, reason }, 'BREAK-GLASS: a try was refused');
  const known = account && { id: account.id, name: account.name };
  await changing(db, (tx, touch) => noteRefusal(tx, touch, { account: known, reason, address }));
  return fault(
    'unauthenticated',
    'break-glass.refused',
    'Name, password and code do not fit together, or this account cannot be used as it stands.',
    { detail: reason },
  );
}

export function switchedOff(): Fault {
  return fault('forbidden', 'break-glass.off', 'Break-glass is switched off in this installation.');
}
