import type { Metadata } from 'next';
import { SettingsPage } from '#components/settings/settings-page.tsx';
import { breakGlassGet } from '#lib/breakglass/loaders.ts';
import { directoriesList } from '#lib/directory/loaders.ts';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';
import { settingsGet } from '#lib/setup/loaders.ts';

export const metadata: Metadata = { title: 'Settings' };

export default async function Settings() {
  const [me, settings, { directories }, breakGlass] = await Promise.all([
    load(meGet, {}),
    load(settingsGet, {}),
    load(directoriesList, {}),
    load(breakGlassGet, {}),
  ]);
  return (
    <SettingsPage
      settings={settings}
      directories={directories}
      breakGlass={breakGlass}
      mayChange={me.powers.admin}
      mayKeepLocalAccounts={me.powers.admin && me.via === 'session'}
    />
  );
}
