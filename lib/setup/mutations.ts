import { type Actor, record } from '#lib/audit/record.ts';
import type { Tx } from '#lib/db/database.ts';
import type { Touch } from '#lib/db/topics.ts';
import type { StoredSettings } from './schema.ts';

/** Ends the setup for good: the code's hash goes, and with it every pass. False when it had ended already. */
export async function finishSetup(tx: Tx, touch: Touch, installationId: string, actor: Actor): Promise<boolean> {
  const done = await tx.$executeRaw`UPDATE installation SET setup_done_at = now(), setup_code_hash = NULL WHERE setup_done_at IS NULL`;
  if (done === 0) return false;
  touch('installation', installationId);
  await record(tx, { event: 'setup.finished', actor, subject: { kind: 'installation', id: installationId, name: installationId } });
  return true;
}

/** What is left out stays as it was. */
export async function storeSettings(
  tx: Tx,
  touch: Touch,
  installationId: string,
  settings: Partial<StoredSettings>,
  actor: Actor,
): Promise<void> {
  await tx.$executeRaw`UPDATE installation SET settings = settings || ${JSON.stringify(settings)}::jsonb`;
  touch('installation', installationId);
  await record(tx, {
    event: 'settings.changed',
    actor,
    subject: { kind: 'installation', id: installationId, name: installationId },
    detail: { ...settings },
  });
}
