import type { Metadata } from 'next';
import { NewProjectPage } from '#components/project/new-project-page.tsx';
import { listClusters } from '#lib/cluster/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'New project' };

export default async function NewProject() {
  const { clusters } = await load(listClusters, {});
  return <NewProjectPage clusters={clusters.map(({ id, name }) => ({ id, name }))} />;
}
