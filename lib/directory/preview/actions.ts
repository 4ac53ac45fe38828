/** The portal's part of previews: asks for one, follows it, adds what the doors hold open at this moment, and has it saved. */
import { operation } from '#lib/api/operation.ts';
import { fault } from '#lib/errors/fault.ts';
import { replicas } from '#lib/revocation/data.ts';
import { openStreams } from '#lib/revocation/views.ts';
import { savedSettings } from '../people/data.ts';
import { directoryInput } from '../schema.ts';
import { directoryRefOutput } from '../settings/connect-schema.ts';
import { withChanges } from '../settings/input.ts';
import { posedPreview } from './data.ts';
import { previewAnswer, previewBegun, previewInput, previewOutput, previewRef, savePreviewInput } from './schema.ts';

/** A large directory takes its minutes; the answer is kept for as long as it may be saved. */
const previewLivesMs = 45 * 60_000;
const saveTimeoutMs = 30_000;

export const directoriesPreview = operation({
  id: 'directories.preview',
  method: 'POST',
  path: '/directories/{id}/previews',
  summary: 'Reads a directory with changed settings, or with those that hold, and tells what would come of it; nothing is written',
  allow: 'admin',
  input: previewInput,
  output: previewBegun,
  status: 202,
  async run({ db, begin }, _viewer, { id, bindPassword, ...changes }) {
    const saved = await savedSettings(db, id);
    if (!saved) throw noSuchDirectory();
    const wanted = directoryInput.safeParse(withChanges(saved, changes));
    if (!wanted.success) throw badSettings(wanted.error.issues);
    const unchanged = bindPassword === undefined && Object.values(changes).every((value) => value === undefined);
    const secret = bindPassword === undefined ? undefined : { password: bindPassword };
    const question = { directoryId: id, unchanged, ...wanted.data };
    return { previewId: await begin('directory.preview', question, secret, { timeoutMs: previewLivesMs }) };
  },
});

export const directoriesPreviewResult = operation({
  id: 'directories.previewResult',
  method: 'GET',
  path: '/directories/{id}/previews/{previewId}',
  summary: 'How far a preview is, and what it shows: who would lose what, who would come in, what the shrink guard would hold',
  allow: 'admin',
  input: previewRef,
  output: previewOutput,
  async run({ db, world }, _viewer, { id, previewId }) {
    const posed = await posedPreview(db, id, previewId);
    if (!posed) throw fault('not-found', 'directory.no-preview', 'There is no such preview; they are forgotten after a while.');
    const { state, progress, error, result } = posed;
    if (state !== 'done') return { state, progress, error, preview: null };
    const { settings: _, losing, ...preview } = previewAnswer.parse(result);
    const streams = new Map<string, number>();
    for (const { person } of openStreams(world, await replicas(db))) streams.set(person.id, (streams.get(person.id) ?? 0) + 1);
    const list = losing.list.map((one) => ({ ...one, streams: streams.get(one.id) ?? 0 }));
    const open = list.reduce((sum, one) => sum + one.streams, 0);
    return { state, progress: null, error: null, preview: { ...preview, losing: { ...losing, streams: open, list } } };
  },
});

export const directoriesSavePreview = operation({
  id: 'directories.savePreview',
  method: 'POST',
  path: '/directories/{id}/previews/{previewId}/save',
  summary: 'Saves exactly the settings that a preview was made with; the directory is read whole by them',
  allow: 'admin',
  input: savePreviewInput,
  output: directoryRefOutput,
  async run({ ask }, _viewer, { id, bindPassword, ...preview }) {
    const secret = bindPassword === undefined ? undefined : { password: bindPassword };
    return directoryRefOutput.parse(
      await ask('directory.save-preview', { directoryId: id, ...preview }, secret, { timeoutMs: saveTimeoutMs }),
    );
  },
});

function noSuchDirectory() {
  return fault('not-found', 'directory.unknown', 'This directory is not known here.');
}

function badSettings(issues: readonly { readonly path: PropertyKey[]; readonly message: string }[]) {
  const fields = Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message]));
  return fault('bad-input', 'directory.bad-input', issues[0]?.message ?? 'These settings cannot be used.', { fields });
}

export const operations = [directoriesPreview, directoriesPreviewResult, directoriesSavePreview];
