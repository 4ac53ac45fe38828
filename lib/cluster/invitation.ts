/**
 * Registration by one `kubectl apply` (the second way). The page shows one line; the manifest behind it carries a one-time code, good for
 * 15 minutes; the Job in it delivers the cluster's CA, its identity and both tokens, closed for the worker alone. The code is inside the
 * envelope: whoever sees the delivery pass can neither read it nor make another. Spent or over, it is nothing.
 */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type OpeningKey, open } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { asFault, fault, isFault } from '#lib/errors/fault.ts';
import { readInvitationWithHash } from './data.ts';
import { hashOfCode, notInvited } from './invitation-code.ts';
import { failInvitation, spendInvitation } from './invitation-mutations.ts';
import type { JoinDelivery } from './invitation-schema.ts';
import { readCertificates } from './kubeconfig.ts';
import { type Registered, type Registrar, registerWithTokens, type Tell } from './register.ts';
import { clusterLabels } from './schema.ts';

const issuedToken = z.object({
  token: z
    .string()
    .max(16_384)
    .regex(/^[\x21-\x7e]+$/),
  expiresAt: z.iso.datetime({ offset: true }),
});
const delivered = z.object({
  code: z.string().max(100),
  ca: z.string().max(64_000),
  kubeSystemUid: z.string().min(1).max(64),
  door: issuedToken,
  reconciler: issuedToken,
});

export function deliveryContext(invitationId: string): string {
  return `join:${invitationId}`;
}

export async function acceptDelivery(registrar: Registrar, { invitation: id, sealed }: JoinDelivery, tell: Tell): Promise<Registered> {
  const invitation = await readWaiting(registrar.db, id);
  const delivery = readDelivery(registrar.openingKey, id, sealed);
  if (!timingSafeEqual(hashOfCode(delivery.code), Buffer.from(invitation.codeHash))) throw notInvited();
  if (!(await spendInvitation(registrar.db, id))) throw notInvited();
  try {
    return await registerWithTokens(
      registrar,
      {
        name: invitation.name,
        title: null,
        labels: clusterLabels.parse(invitation.labels),
        askerId: invitation.askerId,
        invitationId: id,
      },
      { url: invitation.serverUrl ?? '', serverName: null, caPem: readCertificates(delivery.ca), proxyUrl: invitation.proxyUrl },
      {
        kubeSystemUid: delivery.kubeSystemUid,
        tokens: { door: issued(delivery.door), reconciler: issued(delivery.reconciler) },
      },
      tell,
    );
  } catch (error) {
    await failInvitation(registrar.db, id, invitation.name, asFault(error).message);
    throw error;
  }
}

async function readWaiting(db: Database, id: string) {
  const invitation = await readInvitationWithHash(db, id);
  if (invitation?.state !== 'waiting' || invitation.expiresAt.getTime() <= Date.now()) throw notInvited();
  return invitation;
}

function readDelivery(openingKey: OpeningKey, invitationId: string, sealed: string) {
  try {
    return delivered.parse(JSON.parse(open(openingKey, Buffer.from(sealed, 'base64'), deliveryContext(invitationId)).toString('utf8')));
  } catch (error) {
    if (!isFault(error) && !(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    throw fault('bad-input', 'cluster.bad-delivery', 'This is not a delivery made for this registration.', { detail: error.message });
  }
}

function issued({ token, expiresAt }: z.infer<typeof issuedToken>) {
  return { token, expiresAt: new Date(expiresAt) };
}
