import { forbidden } from 'next/navigation';
import type { ReactNode } from 'react';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

/** Stands before anything is sent, so that who has nothing to do here is refused by the status too. Each page asks again for itself. */
export default async function AdminLayout({ children }: { children: ReactNode }) {
  const { powers, ownsProjects } = await load(meGet, {});
  if (!powers.admin && !powers.auditor && !ownsProjects) forbidden();
  return children;
}
