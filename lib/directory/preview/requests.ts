/** The worker's part of previews: makes one, and saves exactly what one has shown. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { fault } from '#lib/errors/fault.ts';
import type { Handler, Progress } from '#lib/request/answer.ts';
import { directoryInput, directoryReference } from '../schema.ts';
import { type ChangeOptions, examineChange, passwordOf, requireKnown, saveChange } from '../settings/change-settings.ts';
import type { Approval, DirectorySettings } from '../types.ts';
import { posedPreview } from './data.ts';
import { foresee } from './foresee.ts';
import { type PreviewAnswer, previewAnswer } from './schema.ts';

const previewQuestion = directoryInput.extend({ ...directoryReference.shape, unchanged: z.boolean() });
const saveQuestion = directoryReference.extend({ previewId: z.string().max(64), approveRemovals: z.boolean() });

/** What a preview said may be saved so long; the directory goes on changing. */
const goodForMs = 15 * 60_000;

export function previewHandlers(options: ChangeOptions): Record<string, Handler> {
  const { db } = options;
  const underWay = new Set<string>();

  return {
    async 'directory.preview'({ input, secret, progress }) {
      const { directoryId, unchanged, ...wanted } = previewQuestion.parse(input);
      // Each holds a whole directory in memory.
      if (underWay.size > 0)
        throw fault('conflict', 'directory.preview-running', 'A preview is being made already. Wait for it, then ask again.');
      underWay.add(directoryId);
      try {
        const report = lately<Progress>((told) => void progress(told).catch(() => {}));
        const directory = await requireKnown(db, directoryId);
        const { settings, password } = unchanged
          ? { settings: directory.settings, password: await passwordOf(options, directoryId, secret) }
          : await examineChange(options, directoryId, wanted, secret);
        const foreseen = await foresee(db, { directory, settings, password, report });
        return { ...foreseen, unchanged, newPassword: secret !== undefined, settings: { ...settings } } satisfies PreviewAnswer;
      } finally {
        underWay.delete(directoryId);
      }
    },

    async 'directory.save-preview'({ input, secret, askerId }) {
      const { directoryId, previewId, approveRemovals } = saveQuestion.parse(input);
      const posed = await posedPreview(db, directoryId, previewId);
      if (posed?.state !== 'done' || !posed.finishedAt || Date.now() - posed.finishedAt.getTime() > goodForMs) throw stale();
      const { unchanged, newPassword, settings: shown, ...foreseen } = previewAnswer.parse(posed.result);
      if (unchanged) throw fault('bad-input', 'directory.nothing-changed', 'This preview was made with the settings that hold already.');
      if (newPassword && secret === undefined)
        throw fault('bad-input', 'directory.password-again', 'The preview was made with another password. Enter it once more to save it.');
      const { directoryId: _, unchanged: __, ...wanted } = previewQuestion.parse(posed.input);
      // Examined once more: a preview proves what was, and only what works now is saved.
      const change = await examineChange(options, directoryId, wanted, secret);
      if (!isSame(change.settings, shown)) throw stale();
      await saveChange(options, change, askerId, approveRemovals ? approvalOf(foreseen) : null);
      return { directoryId };
    },
  };
}

/** As many as were shown, and no more: what goes missing between the preview and the read is not what the admin has seen. */
function approvalOf({ tally }: Pick<z.output<typeof previewAnswer>, 'tally'>): Approval {
  return { people: tally.peopleLeft, groups: tally.groupsLeft, memberships: tally.membershipsRemoved };
}

function isSame(settings: DirectorySettings, shown: Readonly<Record<string, unknown>>): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(settings)), { ...shown });
}

function stale() {
  return fault(
    'conflict',
    'directory.preview-stale',
    'This preview is over, or the directory is another one since. Make it again, then save.',
  );
}

const reportEveryMs = 300;

function lately<T>(tell: (told: T) => void): (told: T) => void {
  let toldAt = 0;
  return (told) => {
    if (performance.now() - toldAt < reportEveryMs) return;
    toldAt = performance.now();
    tell(told);
  };
}
