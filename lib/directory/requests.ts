/** What the portal may ask of the worker about directories. */
import { z } from 'zod';
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open, type SealingKey, seal } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { Fault, fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { AskedRequest, Handler } from '#lib/request/answer.ts';
import { authenticate, reachOne } from './authenticate.ts';
import { crossCheck } from './cross-check.ts';
import { loadDirectories, loadDirectory, loadSealedSecret, requireDirectory } from './data.ts';
import { examine } from './examine.ts';
import { secretContext } from './following.ts';
import { insertDirectory, removeUnreadDirectory, updateDirectory } from './mutations.ts';
import { directoryInput, directoryReference, directorySecret, signInInput } from './schema.ts';
import { explainFailure } from './sentences.ts';
import type { DirectoryService } from './service.ts';

export interface DirectoryHandlersOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
  readonly log: Log;
  readonly service: DirectoryService;
}

const signInSecret = z.object({ login: z.unknown(), password: z.unknown() });

export function directoryHandlers({ db, openingKey, sealingKey, log, service }: DirectoryHandlersOptions): Record<string, Handler> {
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
        await record(tx, { event: 'directory.connected', actor: await actorOf(request), subject, detail: { urls: [...settings.urls] } });
        return id;
      });
      try {
        await service.firstRead(directoryId, (progress) => void request.progress(progress).catch(() => {}));
      } catch (error) {
        await service.forget(directoryId);
        await changing(db, (tx, touch) => removeUnreadDirectory(tx, touch, directoryId));
        throw error instanceof Fault ? error : explainFailure(error, settings.urls[0] ?? findings.domain);
      }
      return { directoryId, ...findings };
    },

    /** Without a password the stored one stays. */
    async 'directory.update'(request) {
      const { directoryId, ...settings } = read(directoryInput.extend(directoryReference.shape), request.input);
      const directory = await loadDirectory(db, directoryId);
      const known = await loadSealedSecret(db, directoryId);
      if (!directory || !known) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      const { password } = read(
        directorySecret,
        request.secret ?? JSON.parse(open(openingKey, known, secretContext(directoryId)).toString('utf8')),
      );
      const { findings, settings: examined } = await examine(settings, password);
      if (findings.domain !== directory.domain) {
        throw fault(
          'bad-input',
          'directory.other-domain',
          `These domain controllers hold ${findings.domain}, not ${directory.domain}. Connect that as a directory of its own.`,
        );
      }
      const sealed = seal(sealingKey, Buffer.from(JSON.stringify({ password }), 'utf8'), secretContext(directoryId));
      await changing(db, async (tx, touch) => {
        await updateDirectory(tx, touch, { id: directoryId, settings: examined, sealed });
        const subject = { kind: 'directory', id: directoryId, name: directory.domain };
        await record(tx, { event: 'directory.changed', actor: await actorOf(request), subject, detail: { urls: settings.urls } });
      });
      return { directoryId, ...findings };
    },

    /** The admin has looked, and the removals that were held are meant. */
    async 'directory.approve-removals'({ input }) {
      const { directoryId } = read(directoryReference, input);
      const directory = await loadDirectory(db, directoryId);
      if (!directory) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      if (directory.state !== 'held') throw fault('conflict', 'directory.not-held', 'Nothing is held back in this directory.');
      service.readAgain(directoryId, { removalsApproved: true });
      return { directoryId };
    },

    async 'directory.read'({ input }) {
      const { directoryId } = read(directoryReference, input);
      if (!(await loadDirectory(db, directoryId))) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
      service.readAgain(directoryId, { removalsApproved: false });
      return { directoryId };
    },
  };

  async function actorOf({ askerId }: AskedRequest) {
    const person = askerId ? await db.prisma.person.findUnique({ where: { id: askerId }, select: { id: true, displayName: true } }) : null;
    return person ? ({ kind: 'person', id: person.id, name: person.displayName } as const) : ({ kind: 'system', name: 'setup' } as const);
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const fields = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join('.'), message]));
  throw fault('bad-input', 'directory.bad-input', issue?.message ?? 'These settings cannot be used.', { fields });
}
