import type { Metadata } from 'next';
import { PersonPage } from '#components/directory/person-page.tsx';
import { listClusters } from '#lib/cluster/loaders.ts';
import { peopleGet } from '#lib/directory/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Person' };

export default async function Person({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [me, person, { clusters }] = await Promise.all([load(meGet, {}), load(peopleGet, { id }), load(listClusters, {})]);
  return <PersonPage person={person} clusters={clusters} me={me} />;
}
