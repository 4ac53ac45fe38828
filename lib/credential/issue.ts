/**
 * Issues credentials. A credential carries at most what its person may do at the moment of each request, never what they could do when it
 * was made; so all that is decided here is who, until when, and how much narrower. The token exists in one answer and nowhere else: at rest
 * there is only its keyed hash.
 */
import { record } from '#lib/audit/record.ts';
import { keyedHash } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { fault } from '#lib/errors/fault.ts';
import { livingCount } from './data.ts';
import { insertCredential, succeedOnDevice } from './mutations.ts';
import { credentialIdPrefix, mintToken } from './token.ts';

const dayMs = 24 * 60 * 60_000;
const livingMax = 50;

export interface Issue {
  readonly kind: 'kubeconfig' | 'api';
  readonly person: { readonly id: string; readonly name: string };
  readonly deviceId: string | null;
  readonly name: string;
  readonly days: number;
  readonly readOnly: boolean;
  readonly clusterIds: readonly string[] | null;
  readonly namespaces: readonly string[] | null;
  readonly now: Date;
}

export interface Issued {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: Date;
  readonly renewed: boolean;
}

export async function issueCredential(db: Database, hashKey: Buffer, asked: Issue): Promise<Issued> {
  const id = newId(credentialIdPrefix);
  const token = mintToken(id);
  const expiresAt = new Date(asked.now.getTime() + asked.days * dayMs);
  const made = {
    id,
    kind: asked.kind,
    personId: asked.person.id,
    deviceId: asked.deviceId,
    name: asked.name,
    secretHash: keyedHash(hashKey, token),
    readOnly: asked.readOnly,
    clusterIds: asked.clusterIds,
    namespaces: asked.namespaces,
    createdAt: asked.now,
    expiresAt,
  };
  const former = await changing(db, async (tx, touch) => {
    const succeeded = await succeedOnDevice(tx, touch, made);
    if ((await livingCount(tx, asked.person.id, asked.now)) >= livingMax) {
      throw fault(
        'conflict',
        'credential.too-many',
        `You have ${livingMax} living credentials, which is the most. Revoke those you no longer use.`,
      );
    }
    await insertCredential(tx, touch, made);
    await record(tx, {
      event: succeeded ? 'credential.renewed' : 'credential.issued',
      actor: { kind: 'person', ...asked.person },
      subject: { kind: 'credential', id, name: asked.name },
      detail: {
        kind: asked.kind,
        expiresAt: expiresAt.toISOString(),
        readOnly: asked.readOnly,
        ...(asked.clusterIds ? { clusterIds: [...asked.clusterIds] } : {}),
        ...(asked.namespaces ? { namespaces: [...asked.namespaces] } : {}),
        ...(succeeded ? { formerId: succeeded } : {}),
      },
    });
    return succeeded;
  });
  return { id, token, expiresAt, renewed: former !== null };
}
