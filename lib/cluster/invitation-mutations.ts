/** Writes of the invitations' rows: made, spent by one delivery, failed. That one was registered is written with its cluster. */
import { type Actor, record } from '#lib/audit/record.ts';
import { changing, type Database, type Tx } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import type { Touch } from '#lib/db/topics.ts';
import type { InvitationState } from './invitation-schema.ts';

export interface NewInvitation {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serverUrl: string;
  readonly proxyUrl?: string | null;
  readonly codeHash: Buffer;
  /** Null during the first setup. */
  readonly askerId: string | null;
  /** Null = the installation's usual one. */
  readonly image: string | null;
  readonly expiresAt: Date;
}

export async function insertInvitation(tx: Tx, touch: Touch, actor: Actor, invitation: NewInvitation): Promise<string> {
  const id = newId('ci');
  await tx.clusterInvitation.create({ data: { ...invitation, id, codeHash: Uint8Array.from(invitation.codeHash) } });
  await record(tx, {
    event: 'cluster.invited',
    actor,
    subject: { kind: 'invitation', id, name: invitation.name },
    detail: { server: invitation.serverUrl },
  });
  touch('invitation', id);
  return id;
}

/** Spends an invitation: of two deliveries at once, one wins. */
export async function spendInvitation(db: Database, id: string): Promise<boolean> {
  return changing(db, async (tx, touch) => {
    const { count } = await tx.clusterInvitation.updateMany({
      where: { id, state: 'waiting', expiresAt: { gt: new Date() } },
      data: { state: 'delivered' },
    });
    if (count === 1) touch('invitation', id);
    return count === 1;
  });
}

export async function failInvitation(db: Database, id: string, name: string, message: string): Promise<void> {
  await changing(db, async (tx, touch) => {
    const failed: InvitationState = 'failed';
    await tx.clusterInvitation.update({ where: { id }, data: { state: failed, detail: message } });
    await record(tx, {
      event: 'cluster.registration-failed',
      actor: { kind: 'system', name: 'registration' },
      subject: { kind: 'invitation', id, name },
      detail: { why: message },
    });
    touch('invitation', id);
  });
}
