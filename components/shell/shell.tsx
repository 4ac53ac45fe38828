import type { ReactNode } from 'react';
import { SessionBanner } from '#components/breakglass/session-banner.tsx';
import type { Me } from '#lib/session/schema.ts';
import { Brand } from './brand.tsx';
import { NavList } from './nav-list.tsx';
import type { Counts } from './navigation.ts';
import { administer, mine, owned } from './navigation.ts';
import { PaletteProvider } from './palette.tsx';
import { PhoneNav } from './phone-nav.tsx';
import { SignOut } from './sign-out.tsx';
import { ThemeMenu } from './theme-menu.tsx';

/** What stands around every page of somebody who is signed in. */
export function Shell({ me, counts, children }: { me: Me; counts: Counts; children: ReactNode }) {
  const isPerson = me.via !== 'break-glass';
  const mayAll = me.powers.admin || me.powers.auditor;
  const groups = [
    ...(isPerson ? [{ title: 'Mine', places: mine }] : []),
    ...(mayAll
      ? [{ title: me.powers.admin ? 'Administer' : 'Inspect', places: administer }]
      : me.ownsProjects
        ? [{ title: 'Own', places: owned }]
        : []),
  ];
  const lists = groups.map(({ title, places }) => <NavList key={title} title={title} places={places} counts={counts} />);
  const foot = (
    <div className="border-line border-t px-2 pt-2.5 text-[12.5px] leading-[17px]">
      <div className="flex items-center gap-0.5">
        <span className="mr-auto truncate text-soft">{me.person.displayName}</span>
        <ThemeMenu />
        <SignOut via={me.via} />
      </div>
      <div className="truncate text-faint">{me.person.upn ?? me.person.wireName}</div>
    </div>
  );
  return (
    <PaletteProvider>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-1.5 text-on-accent focus:translate-y-0"
      >
        To the page
      </a>
      <div className="min-h-dvh md:grid md:grid-cols-[212px_minmax(0,1fr)]">
        <aside
          aria-label="Sidebar"
          className="sticky top-0 hidden h-dvh flex-col overflow-y-auto border-line border-r bg-panel px-2.5 py-3.5 md:flex"
        >
          <Brand className="px-2 pt-0.5 pb-3" />
          <nav aria-label="Portal">{lists}</nav>
          <div className="mt-auto pt-4">{foot}</div>
        </aside>
        <PhoneNav>
          <nav aria-label="Portal">{lists}</nav>
          <div className="pt-6">{foot}</div>
        </PhoneNav>
        <div className="min-w-0">
          {isPerson ? null : <SessionBanner name={me.person.displayName} endsAt={me.sessionExpiresAt} />}
          {children}
        </div>
      </div>
    </PaletteProvider>
  );
}
