import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { BreakGlassSignInPage } from '#components/breakglass/sign-in-page.tsx';
import { breakGlassAvailable } from '#lib/breakglass/loaders.ts';
import { attemptToLoad } from '#lib/session/load.ts';
import { setupState } from '#lib/setup/loaders.ts';

export const metadata: Metadata = { title: 'Break-glass', robots: { index: false } };

export default async function BreakGlassLogin() {
  const [setup, answer] = await Promise.all([attemptToLoad(setupState, {}), attemptToLoad(breakGlassAvailable, {})]);
  if (setup.ok && setup.value.open) redirect('/setup');
  return <BreakGlassSignInPage available={answer.ok ? answer.value.available : null} />;
}
