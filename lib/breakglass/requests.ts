/** What the portal may ask of the worker about break-glass. Whoever asks for a change is looked at here once more, by this process' own World. */
import { z } from 'zod';
import type { OpeningKey, SealingKey } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { World } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { AskedRequest, Handler } from '#lib/request/answer.ts';
import { findSealedAccount } from './data.ts';
import {
  acknowledgeAlert,
  confirmAccount,
  endAccount,
  endBreakGlassSession,
  endSessionsOf,
  makeAccount,
  makeAccountAnew,
  noSuchAccount,
  switchBreakGlass,
  takeStep,
} from './mutations.ts';
import { stepOf } from './one-time-code.ts';
import { hashPassword } from './password.ts';
import { accountName, alertReference, endInput, reference, switchInput } from './schema.ts';
import { signInByBreakGlass, switchedOff } from './sign-in.ts';
import { openVerifier, sealVerifier } from './verifier.ts';

export interface BreakGlassHandlersOptions {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  /** False where the configuration switches break-glass off. */
  readonly available: boolean;
  readonly beatMs?: number;
}

const signInFacts = z.object({
  address: z.string().max(64).nullable(),
  userAgent: z.string().max(300).nullable(),
  sessionHash: z.base64().length(44),
});
const typed = z.object({ name: z.string().max(256), password: z.string().max(256), code: z.string().max(32) });
const newSecrets = z.object({ password: z.string().min(20), oneTimeSecret: z.string() });

export function breakGlassHandlers(options: BreakGlassHandlersOptions): Record<string, Handler> {
  const { db, world, openingKey, sealingKey, available } = options;

  return {
    async 'break-glass.sign-in'({ input, secret }) {
      const { sessionHash, ...facts } = signInFacts.parse(input);
      return signInByBreakGlass(options, { ...typed.parse(secret), ...facts, sessionHash: Buffer.from(sessionHash, 'base64') });
    },

    async 'break-glass.leave'({ input }) {
      const { sessionId, reason } = z.object({ sessionId: z.string(), reason: z.string().max(100) }).parse(input);
      return { ended: await changing(db, (tx, touch) => endBreakGlassSession(tx, touch, sessionId, reason)) };
    },

    async 'break-glass.make'(request) {
      const by = requireAdmin(request);
      if (!available) throw switchedOff();
      const { name } = z.object({ name: accountName }).parse(request.input);
      const id = newId('bg');
      const sealed = await sealedAnew(id, request.secret);
      await changing(db, (tx, touch) => makeAccount(tx, touch, { id, name, sealed, by }));
      return { id };
    },

    async 'break-glass.make-anew'(request) {
      const by = requireAdmin(request);
      if (!available) throw switchedOff();
      const { id, name } = await requireAccount(request.input);
      const sealed = await sealedAnew(id, request.secret);
      await changing(db, (tx, touch) => makeAccountAnew(tx, touch, { id, name, sealed, by }));
      return { id, name };
    },

    /** The code proves that the secret arrived in somebody's authenticator; it is used up by it. */
    async 'break-glass.confirm'(request) {
      const by = requireAdmin(request);
      const account = await requireAccount(request.input);
      const { code } = z.object({ code: z.string().max(32) }).parse(request.secret);
      const step = stepOf(openVerifier(openingKey, account.id, account.sealed).oneTimeSecret, code, new Date());
      if (step === null) throw wrongCode();
      await changing(db, async (tx, touch) => {
        await confirmAccount(tx, touch, { id: account.id, name: account.name }, by);
        if (!(await takeStep(tx, account.id, step))) throw wrongCode();
      });
      return {};
    },

    async 'break-glass.end'(request) {
      const by = requireAdmin(request);
      const { id, reason } = endInput.parse(request.input);
      return { sessionsEnded: await changing(db, (tx, touch) => endAccount(tx, touch, id, reason, by)) };
    },

    async 'break-glass.switch'(request) {
      const by = requireAdmin(request);
      const { on } = switchInput.parse(request.input);
      if (on && !available) throw switchedOff();
      return { sessionsEnded: await changing(db, (tx, touch) => switchBreakGlass(tx, touch, on, by)) };
    },

    async 'break-glass.acknowledge'(request) {
      const by = requireAdmin(request);
      const { id } = alertReference.parse(request.input);
      await changing(db, (tx, touch) => acknowledgeAlert(tx, touch, id, by));
      return {};
    },
  };

  /** A person of the directory who administers the platform this moment: never a local account, whatever the portal says. */
  function requireAdmin({ askerId }: AskedRequest) {
    const now = new Date();
    const person = askerId ? world.person(askerId) : undefined;
    if (!person || world.standing(person.id, now) !== 'live' || !world.portalPowers(person.id, now).admin) {
      throw fault('forbidden', 'break-glass.needs-admin', 'Only a platform admin of the directory may do this.');
    }
    return { kind: 'person', id: person.id, name: person.upn ?? person.displayName } as const;
  }

  async function requireAccount(input: unknown) {
    const account = await findSealedAccount(db, { id: reference.parse(input).id });
    if (!account) throw noSuchAccount();
    return account;
  }

  async function sealedAnew(id: string, secret: unknown): Promise<Buffer> {
    const { password, oneTimeSecret } = newSecrets.parse(secret);
    return sealVerifier(sealingKey, id, { password: await hashPassword(password), oneTimeSecret });
  }
}

function wrongCode() {
  return fault('bad-input', 'break-glass.wrong-code', 'This is not the present code. Wait for the next one and type that.', {
    fields: { code: 'This is not the present code. Wait for the next one and type that.' },
  });
}

/** A configuration that says no also ends who is in: switched on again, nobody is in by what was before. */
export async function endSessionsIfConfiguredOff({ db, available }: { db: Database; available: boolean }): Promise<void> {
  if (available) return;
  const by = { kind: 'system', name: 'configuration' } as const;
  await changing(db, (tx, touch) => endSessionsOf(tx, touch, null, 'switched off by configuration', by));
}
