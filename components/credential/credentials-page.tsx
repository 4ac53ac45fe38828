import type { ComponentProps } from 'react';
import { SessionTable } from '#components/session/session-table.tsx';
import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { Section } from '#components/ui/section.tsx';
import { CredentialTable, type CredentialView, hasEnded } from './credential-table.tsx';
import { NewToken } from './new-token.tsx';
import { RevokeAll } from './revoke-credential.tsx';

type Props = {
  personId: string;
  credentials: readonly CredentialView[];
  sessions: ComponentProps<typeof SessionTable>['sessions'];
  clusters: readonly { id: string; name: string }[];
};

export function CredentialsPage({ personId, credentials, sessions, clusters }: Props) {
  const names = Object.fromEntries(clusters.map(({ id, name }) => [id, name]));
  const living = credentials.filter((each) => !hasEnded(each));
  const over = credentials.filter(hasEnded);
  return (
    <Page
      title="Credentials"
      sub="Kubeconfigs and API tokens that speak for you. All of them end with your account."
      actions={
        <>
          <NewToken />
          {living.length > 0 ? (
            <RevokeAll
              personId={personId}
              living={living.length}
              openStreams={living.reduce((sum, { openStreams }) => sum + openStreams, 0)}
            />
          ) : null}
        </>
      }
    >
      <Live seconds={10} />
      <Section title="In use">
        {living.length > 0 ? (
          <CredentialTable credentials={living} clusterNames={names} mayRevoke />
        ) : (
          <Empty
            title="No computer is connected."
            action={
              <ButtonLink href="/connect" look="primary">
                Connect
              </ButtonLink>
            }
          >
            A kubeconfig lets kubectl work on your clusters as you.
          </Empty>
        )}
      </Section>
      <Section title="Signed in">
        <SessionTable sessions={sessions} />
      </Section>
      {over.length > 0 ? (
        <Section title="Over">
          <CredentialTable credentials={over} clusterNames={names} mayRevoke={false} />
        </Section>
      ) : null}
    </Page>
  );
}
