import type { Metadata } from 'next';
import { headers } from 'next/headers';
import { ConnectPage } from '#components/access/connect-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { myAccess } from '#lib/entitlement/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Connect' };

export default async function Connect({ searchParams }: { searchParams: SearchParams }) {
  const { cluster } = await readSearch(searchParams);
  const { clusters } = await load(myAccess, {});
  return <ConnectPage clusters={clusters} chosen={cluster ? [cluster] : []} userAgent={(await headers()).get('user-agent')} />;
}
