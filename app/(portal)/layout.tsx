import type { ReactNode } from 'react';
import { Shell } from '#components/shell/shell.tsx';
import { listCredentials } from '#lib/credential/loaders.ts';
import { overviewGet } from '#lib/overview/loaders.ts';
import { attemptToLoad, load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export default async function PortalLayout({ children }: { children: ReactNode }) {
  const me = await load(meGet, {});
  const [own, overview] = await Promise.all([
    attemptToLoad(listCredentials, {}),
    me.powers.admin || me.powers.auditor ? attemptToLoad(overviewGet, {}) : null,
  ]);
  const counts = {
    ...(overview?.ok ? overview.value.counts : {}),
    credentials: own.ok ? own.value.credentials.filter(({ state }) => state === 'living').length : 0,
  };
  return (
    <Shell me={me} counts={counts}>
      {children}
    </Shell>
  );
}
