import type { Metadata } from 'next';
import { CredentialsPage } from '#components/credential/credentials-page.tsx';
import { listCredentials } from '#lib/credential/loaders.ts';
import { myAccess } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet, sessionsList } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Credentials' };

export default async function Credentials() {
  const [me, { credentials }, { sessions }, { clusters }] = await Promise.all([
    load(meGet, {}),
    load(listCredentials, {}),
    load(sessionsList, {}),
    load(myAccess, {}),
  ]);
  return <CredentialsPage personId={me.person.id} credentials={credentials} sessions={sessions} clusters={clusters} />;
}
