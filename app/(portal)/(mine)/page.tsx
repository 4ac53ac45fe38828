import type { Metadata } from 'next';
import { MyAccessPage } from '#components/access/my-access-page.tsx';
import { listCredentials } from '#lib/credential/loaders.ts';
import { myAccess } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'My access' };

export default async function MyAccess() {
  const [me, access, { credentials }] = await Promise.all([load(meGet, {}), load(myAccess, {}), load(listCredentials, {})]);
  return <MyAccessPage me={me} access={access} credentials={credentials} now={new Date()} />;
}
