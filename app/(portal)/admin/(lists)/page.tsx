import type { Metadata } from 'next';
import { OverviewPage } from '#components/overview/overview-page.tsx';
import { overviewGet } from '#lib/overview/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Overview' };

export default async function Overview() {
  return <OverviewPage overview={await load(overviewGet, {})} />;
}
