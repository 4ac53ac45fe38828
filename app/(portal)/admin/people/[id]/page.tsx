import type { Metadata } from 'next';
import { PersonPage } from '#components/directory/person-page.tsx';
import { peopleGet } from '#lib/directory/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export const metadata: Metadata = { title: 'Person' };

export default async function Person({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [me, person] = await Promise.all([load(meGet, {}), load(peopleGet, { id })]);
  return <PersonPage person={person} me={me} />;
}
