/** A change of a directory's settings: examined against the domain, and saved. Both the direct way and the one by a preview go through here. */
import { askerAsActor } from '#lib/audit/asker.ts';
import { record } from '#lib/audit/record.ts';
import { type OpeningKey, open, type SealingKey, seal } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { fault } from '#lib/errors/fault.ts';
import { loadDirectory, loadSealedSecret } from '../data.ts';
import { secretContext } from '../follow/following.ts';
import { saveApproval, updateDirectory } from '../mutations.ts';
import { type DirectoryInput, directorySecret } from '../schema.ts';
import type { Approval, Directory, DirectorySettings } from '../types.ts';
import { type DirectoryFindings, examine } from './examine.ts';
import { changesBetween } from './input.ts';

export interface ChangeOptions {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly sealingKey: SealingKey;
}

export interface ExaminedChange {
  readonly directory: Directory;
  readonly settings: DirectorySettings;
  readonly findings: DirectoryFindings;
  readonly password: string;
}

/** Without a password the stored one stays. */
export async function passwordOf({ db, openingKey }: ChangeOptions, directoryId: string, secret: unknown): Promise<string> {
  const sealed = await loadSealedSecret(db, directoryId);
  if (!sealed) throw unknownDirectory();
  return directorySecret.parse(secret ?? JSON.parse(open(openingKey, sealed, secretContext(directoryId)).toString('utf8'))).password;
}

export async function requireKnown(db: Database, directoryId: string): Promise<Directory> {
  const directory = await loadDirectory(db, directoryId);
  if (!directory) throw unknownDirectory();
  return directory;
}

export async function examineChange(
  options: ChangeOptions,
  directoryId: string,
  input: DirectoryInput,
  secret: unknown,
): Promise<ExaminedChange> {
  const directory = await requireKnown(options.db, directoryId);
  const password = await passwordOf(options, directoryId, secret);
  const { sentinelPerson, sentinelGroup } = directory.settings;
  // Who was chosen before is meant still, under whatever name.
  const samePerson = sentinelPerson !== undefined && input.sentinelPerson === sentinelPerson.name;
  const sameGroup = sentinelGroup !== undefined && input.sentinelGroup === sentinelGroup.name;
  const asked = {
    ...input,
    sentinelPerson: samePerson ? undefined : input.sentinelPerson,
    sentinelGroup: sameGroup ? undefined : input.sentinelGroup,
  };
  const { findings, settings } = await examine(asked, password);
  if (findings.domain !== directory.domain) {
    throw fault(
      'bad-input',
      'directory.other-domain',
      `These domain controllers hold ${findings.domain}, not ${directory.domain}. Connect that as a directory of its own.`,
    );
  }
  const kept = { ...(samePerson ? { sentinelPerson } : {}), ...(sameGroup ? { sentinelGroup } : {}) };
  return { directory, settings: { ...settings, ...kept }, findings, password };
}

export async function saveChange(
  { db, sealingKey }: ChangeOptions,
  { directory, settings, password }: Omit<ExaminedChange, 'findings'>,
  askerId: string | null,
  approved: Approval | null,
): Promise<void> {
  const sealed = seal(sealingKey, Buffer.from(JSON.stringify({ password }), 'utf8'), secretContext(directory.id));
  await changing(db, async (tx, touch) => {
    await updateDirectory(tx, touch, { id: directory.id, settings, sealed });
    await saveApproval(tx, directory.id, approved);
    await record(tx, {
      event: 'directory.changed',
      actor: await askerAsActor(tx, askerId),
      subject: { kind: 'directory', id: directory.id, name: directory.domain },
      detail: {
        urls: [...settings.urls],
        changes: changesBetween(directory.settings, settings).map((change) => ({ ...change })),
        ...(approved ? { approved: { ...approved } } : {}),
      },
    });
  });
}

function unknownDirectory() {
  return fault('not-found', 'directory.unknown', 'This directory is not known here.');
}
