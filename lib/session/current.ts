/** Who is looking at this page: asked once per page, however many loaders ask. */
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { pathHeader } from '#lib/api/headers.ts';
import { type Identified, identify } from './caller.ts';
import { portal } from './portal.ts';
import type { Viewer } from './viewer.ts';

/** Pages know cookies only: an Authorization header means nothing to them. */
export const currentCaller = cache(async (): Promise<Identified> => {
  const sent = await cookies();
  const cookieHeader = sent
    .getAll()
    .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
    .join('; ');
  return identify(await portal(), new Headers({ cookie: cookieHeader }), new Date());
});

export async function currentViewer(): Promise<Viewer | null> {
  return (await currentCaller()).viewer;
}

export async function requireViewer(): Promise<Viewer> {
  return (await currentViewer()) ?? toSignIn();
}

/** Comes back to the page that was asked for. */
export async function toSignIn(): Promise<never> {
  const asked = (await headers()).get(pathHeader) ?? '/';
  const path = asked.split('?_rsc=')[0] ?? '/';
  redirect(path === '/' ? '/login' : `/login?callbackUrl=${encodeURIComponent(path)}`);
}
