import type { z } from 'zod';
import { ConnectDirectory } from '#components/directory/connect-directory.tsx';
import { ControllerTable, DirectoryStatus } from '#components/directory/directory-state.tsx';
import { HeldRemovals } from '#components/directory/held-removals.tsx';
import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { Id } from '#components/ui/copy.tsx';
import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Time } from '#components/ui/time.tsx';
import type { DirectoryView } from '#lib/directory/people-schema.ts';
import type { settingsOutput } from '#lib/setup/schema.ts';
import { AccessContact } from './access-contact.tsx';
import { CredentialIdle } from './credential-idle.tsx';

type Props = { settings: z.output<typeof settingsOutput>; directories: readonly DirectoryView[]; mayChange: boolean };

export function SettingsPage({ settings, directories, mayChange }: Props) {
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
        <Section
          key={directory.id}
          title={`Directory ${directory.domain}`}
          actions={<DirectoryStatus state={directory.state} detail={directory.stateDetail} />}
        >
          {directory.state === 'held' || directory.state === 'unreachable' ? (
            <Note tone={directory.state === 'held' ? 'warn' : 'bad'} className="mb-3">
              {directory.stateDetail}
            </Note>
          ) : null}
          <div className="grid gap-4">
            <Details
              items={[
                ['People and groups', `${counted(directory.people, 'person', 'people')}, ${counted(directory.groups, 'group')}`],
                ['Base', <code key="base">{directory.baseDn}</code>],
                ['Read as', <code key="bind">{directory.bindDn}</code>],
                ['Only below', directory.scopeDns.length > 0 ? directory.scopeDns.join('; ') : 'everybody'],
                ['Fresh', directory.freshAt ? <Time key="fresh" at={directory.freshAt} /> : 'not yet'],
                ['Accounts lock after', directory.lockoutThreshold ? `${directory.lockoutThreshold} wrong passwords` : 'never'],
              ]}
            />
            {directory.held ? <HeldRemovals directory={directory} held={directory.held} mayDecide={mayChange} /> : null}
            <ControllerTable directory={directory} />
            {mayChange ? (
              <details>
                <summary className="w-fit rounded-sm text-accent hover:underline">Change the connection</summary>
                <div className="mt-3">
                  <ConnectDirectory changed={directory.id} />
                </div>
              </details>
            ) : null}
          </div>
        </Section>
      ))}
      <Section title="Asking for access">
        <AccessContact contact={accessContact} mayChange={mayChange} />
      </Section>
      <Section title="Kubeconfigs and API tokens">
        <CredentialIdle days={credentialIdleDays} mayChange={mayChange} />
      </Section>
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
