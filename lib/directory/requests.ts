/** What the portal may ask of the worker about directories. */
import { z } from 'zod';
import { askerAsActor } from '#lib/audit/asker.ts';
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, type SealingKey, seal } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { Fault, fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { Handler } from '#lib/request/answer.ts';
import { loadDirectories, loadDirectory, requireDirectory } from './data.ts';
import { secretContext } from './follow/following.ts';
import { insertDirectory, removeUnreadDirectory } from './mutations.ts';
import { previewHandlers } from './preview/requests.ts';
import { directoryInput, directoryReference, directorySecret, signInInput } from './schema.ts';
import { explainFailure } from './sentences.ts';
import type { DirectoryService } from './service.ts';
import { examineChange, passwordOf, requireKnown, saveChange } from './settings/change-settings.ts';
import { disconnectDirectory } from './settings/disconnect.ts';
import { wasConnectedBefore } from './settings/disconnected.ts';
import { examine } from './settings/examine.ts';
import { inputOf } from './settings/input.ts';
import { authenticate, reachOne } from './sign-in/authenticate.ts';
import { crossCheck } from './sign-in/cross-check.ts';

export interface DirectoryHandlersOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  readonly service: DirectoryService;
}

/** All its people and memberships go in one transaction. */
const disconnectMaxMs = 120_000;

const signInSecret = z.object({ login: z.unknown(), password: z.unknown() });

export function directoryHandlers({ db, openingKey, sealingKey, log, service }: DirectoryHandlersOptions): Record<string, Handler> {
  const changeOptions = { db, openingKey, sealingKey };
  const crossChecking = {
    db,
    log,
    connect: async (directoryId: string) => {
      const directory = await requireDirectory(db, directoryId);
      return (await reachOne({ db, openingKey, log }, directory, async () => null)).connection;
    },
    readAgain: (directoryId: string) => service.readAgain(directoryId, { removalsApproved: false }),
  };
  return {
    async login({ input, secret }) {
      const { address } = read(signInInput, input);
      const typed = signInSecret.safeParse(secret).data ?? { login: null, password: null };
      const signedIn = await authenticate(
        { db, openingKey, log },
        { login: typed.login, password: typed.password, address: address ?? null },
      );
      void crossCheck(crossChecking, signedIn.personId).catch((error: unknown) =>
        log.warn({ err: error }, 'somebody’s groups could not be compared with the directory’s'),
      );
      return signedIn;
    },

    async 'directory.test'({ input, secret }) {
      const { findings } = await examine(read(directoryInput, input), read(directorySecret, secret).password);
      return findings;
    },

    /** A sentinel that cannot be seen is told by the next read; a test tells of all the rest beside it. */
    async 'directory.test-again'({ input }) {
      const { directoryId } = read(directoryReference, input);
      const { settings } = await requireKnown(db, directoryId);
      const asked = { ...inputOf(settings), sentinelPerson: undefined, sentinelGroup: undefined };
      return (await examine(asked, await passwordOf(changeOptions, directoryId, undefined))).findings;
    },

    async 'directory.connect'(request) {
      const settings = read(directoryInput, request.input);
      const { password } = read(directorySecret, request.secret);
      await request.progress({ text: 'Asking the domain controller' });
      const examined = await examine(settings, password);
      const { findings, facts } = examined;
      if ((await loadDirectories(db)).some(({ domain }) => domain === findings.domain)) {
        throw fault(
          'conflict',
          'directory.known',
          `The domain ${findings.domain} is connected already. Change its settings instead of connecting it again.`,
        );
      }
      const directoryId = await changing(db, async (tx, touch) => {
        const id = await insertDirectory(tx, touch, {
          ...facts,
          forestName: findings.forest,
          domain: findings.domain,
          baseDn: findings.baseDn,
          settings: examined.settings,
          sealSecret: (of) => seal(sealingKey, Buffer.from(JSON.stringify({ password }), 'utf8'), secretContext(of)),
        });
        const subject = { kind: 'directory', id, name: findings.domain };
        await record(tx, {
          event: 'directory.connected',
          actor: await askerAsActor(tx, request.askerId),
          subject,
          detail: { urls: [...settings.urls] },
        });
        return id;
      });
      try {
        await service.firstRead(directoryId, (progress) => void request.progress(progress).catch(() => {}));
      } catch (error) {
        await service.forget(directoryId);
        await changing(
          db,
          async (tx, touch) => {
            if (!(await wasConnectedBefore(tx, directoryId))) return removeUnreadDirectory(tx, touch, directoryId);
            const directory = { id: directoryId, domain: findings.domain };
            await disconnectDirectory(tx, touch, { directory, actor: await askerAsActor(tx, request.askerId), evidenceAt: new Date() });
          },
          { timeoutMs: disconnectMaxMs },
        );
        throw error instanceof Fault ? error : explainFailure(error, settings.urls[0] ?? findings.domain);
      }
      return { directoryId, ...findings };
    },

    async 'directory.update'({ input, secret, askerId }) {
      const { directoryId, ...settings } = read(directoryInput.extend(directoryReference.shape), input);
      if (secret !== undefined) read(directorySecret, secret);
      const change = await examineChange(changeOptions, directoryId, settings, secret);
      await saveChange(changeOptions, change, askerId, null);
      return { directoryId, ...change.findings };
    },

    ...previewHandlers(changeOptions),

    async 'directory.disconnect'({ input, askerId }) {
      const { directoryId } = read(directoryReference, input);
      const directory = await loadDirectory(db, directoryId);
      if (!directory) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      const evidenceAt = new Date();
      await service.forget(directoryId);
      const gone = await changing(
        db,
        async (tx, touch) => disconnectDirectory(tx, touch, { directory, actor: await askerAsActor(tx, askerId), evidenceAt }),
        { timeoutMs: disconnectMaxMs },
      );
      return { directoryId, domain: directory.domain, ...gone };
    },

    /** The admin has looked, and the removals that were held are meant. */
    async 'directory.approve-removals'({ input }) {
      const { directoryId } = read(directoryReference, input);
      const directory = await loadDirectory(db, directoryId);
      if (!directory) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      if (directory.state !== 'held') throw fault('conflict', 'directory.not-held', 'Nothing is held back in this directory.');
      if (directory.isDistrusted) {
        throw fault(
          'conflict',
          'directory.sentinel-unseen',
          'What every complete read must show was not seen, so no removal can be approved. If it is really gone, name another in the settings.',
        );
      }
      await service.readAgain(directoryId, { removalsApproved: true });
      return { directoryId };
    },

    async 'directory.read'({ input }) {
      const { directoryId } = read(directoryReference, input);
      if (!(await loadDirectory(db, directoryId))) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      await service.readAgain(directoryId, { removalsApproved: false });
      return { directoryId };
    },
  };
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const fields = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join('.'), message]));
  throw fault('bad-input', 'directory.bad-input', issue?.message ?? 'These settings cannot be used.', { fields });
}
