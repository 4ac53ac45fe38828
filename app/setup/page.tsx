import type { Metadata } from 'next';
import { SetupPage } from '#components/setup/setup-page.tsx';
import { load } from '#lib/session/load.ts';
import { setupState } from '#lib/setup/loaders.ts';

export const metadata: Metadata = { title: 'First start' };

export default async function Setup() {
  return <SetupPage state={await load(setupState, {})} />;
}
