/** For tests and benches: a domain as it stands once an admin has connected it, without the try before; its facts are read by who follows it. */
import type { Directory } from '#e2e/stack/samba.ts';
import { seal, sealingKeyFromPem } from '#lib/config/keys.ts';
import { changing, type Database } from '#lib/db/database.ts';
import { secretContext } from '../follow/following.ts';
import { insertDirectory } from '../mutations.ts';
import type { DirectorySettings } from '../types.ts';

export function connectDomain(db: Database, ad: Directory, sealingKeyPem: string, settings: DirectorySettings): Promise<string> {
  return changing(db, (tx, touch) =>
    insertDirectory(tx, touch, {
      forestName: ad.domain,
      domain: ad.domain,
      netbios: null,
      baseDn: ad.baseDn,
      domainSid: null,
      lockoutThreshold: null,
      lockoutSeconds: null,
      settings,
      sealSecret: (id) => sealedPassword(sealingKeyPem, id, ad.followerPassword),
    }),
  );
}

export function sealedPassword(sealingKeyPem: string, directoryId: string, password: string): Buffer {
  return seal(sealingKeyFromPem(sealingKeyPem), Buffer.from(JSON.stringify({ password }), 'utf8'), secretContext(directoryId));
}
