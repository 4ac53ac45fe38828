import type { z } from 'zod';
import { BreakGlassSection } from '#components/breakglass/break-glass-section.tsx';
import { ConnectDirectory } from '#components/directory/connect-directory.tsx';
import { DirectorySection } from '#components/directory/directory-section.tsx';
import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { Id } from '#components/ui/copy.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { Details } from '#components/ui/facts.tsx';
import { Section } from '#components/ui/section.tsx';
import { Time } from '#components/ui/time.tsx';
import type { BreakGlass } from '#lib/breakglass/schema.ts';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import type { settingsOutput } from '#lib/setup/schema.ts';
import { AccessContact } from './access-contact.tsx';
import { CredentialIdle } from './credential-idle.tsx';

type Props = {
  settings: z.output<typeof settingsOutput>;
  directories: readonly DirectoryView[];
  breakGlass: BreakGlass;
  mayChange: boolean;
  mayKeepLocalAccounts: boolean;
};

export function SettingsPage({ settings, directories, breakGlass, mayChange, mayKeepLocalAccounts }: Props) {
  const { installation, fixed, accessContact, credentialIdleDays } = settings;
  return (
    <Page title="Settings" sub="The directory people come from, and what holds in this installation.">
      <Live seconds={4} />
      {directories.length === 0 ? (
        <Section title="Directory">
          <Empty title="No directory is connected, so nobody can sign in with a name of it.">
            Connect the domain: it is read whole, then followed.
          </Empty>
          {mayChange ? (
            <div className="mt-4">
              <ConnectDirectory />
            </div>
          ) : null}
        </Section>
      ) : null}
      {directories.map((directory) => (
        <DirectorySection key={directory.id} directory={directory} mayChange={mayChange} />
      ))}
      <Section title="Asking for access">
        <AccessContact contact={accessContact} mayChange={mayChange} />
      </Section>
      <Section title="Kubeconfigs and API tokens">
        <CredentialIdle days={credentialIdleDays} mayChange={mayChange} />
      </Section>
      <BreakGlassSection breakGlass={breakGlass} mayKeep={mayKeepLocalAccounts} />
      <Section title="What holds here">
        <Details
          items={[
            [
              'A session here ends',
              `after ${fixed.sessionIdleMinutes} minutes unused, and after ${fixed.sessionAbsoluteHours} hours at the latest`,
            ],
            [
              'Without news from the directory',
              `what is sensitive is refused after ${fixed.sensitiveFreshnessMinutes} minutes, everything after ${fixed.ordinaryFreshnessMinutes} minutes`,
            ],
          ]}
        />
      </Section>
      <Section title="This installation">
        <Details
          items={[
            ['Id', <Id key="id" text={installation.id} />],
            ['Portal', <Id key="portal" text={installation.portalUrl} />],
            ['Door', <Id key="door" text={installation.proxyUrl} />],
            ['Stands since', <Time key="since" at={installation.createdAt} />],
          ]}
        />
      </Section>
    </Page>
  );
}
