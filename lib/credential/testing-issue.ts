/** For tests and benches: a kubeconfig's credential for a day that nothing narrows, issued as the portal issues it. */
import type { Database } from '#lib/db/database.ts';
import { type Issue, type Issued, issueCredential } from './issue.ts';

export function issueKubeconfig(db: Database, hashKey: Buffer, person: Issue['person'], asked: Partial<Issue> = {}): Promise<Issued> {
  return issueCredential(db, hashKey, {
    kind: 'kubeconfig',
    person,
    deviceId: null,
    name: 'laptop',
    days: 1,
    readOnly: false,
    clusterIds: null,
    namespaces: null,
    now: new Date(),
    ...asked,
  });
}
