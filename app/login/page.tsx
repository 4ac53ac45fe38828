import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { SignInPage } from '#components/session/sign-in-page.tsx';
import { readSearch, type SearchParams } from '#components/ui/address.ts';
import { breakGlassAvailable } from '#lib/breakglass/loaders.ts';
import { attemptToLoad } from '#lib/session/load.ts';
import { setupState } from '#lib/setup/loaders.ts';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Login({ searchParams }: { searchParams: SearchParams }) {
  const { error, callbackUrl } = await readSearch(searchParams);
  const [setup, local] = await Promise.all([attemptToLoad(setupState, {}), attemptToLoad(breakGlassAvailable, {})]);
  if (setup.ok && setup.value.open) redirect('/setup');
  return <SignInPage error={setup.ok ? error : 'unavailable'} callbackUrl={callbackUrl} breakGlass={local.ok && local.value.available} />;
}
