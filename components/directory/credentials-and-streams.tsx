import { Narrowing } from '#components/credential/narrowing.tsx';
import { RevokeAll, RevokeCredential } from '#components/credential/revoke-credential.tsx';
import { browserOf } from '#components/session/session-table.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail } from '#lib/directory/people/schema.ts';
import { streamInWords } from './stream-words.ts';

export function CredentialsAndStreams({ person, mayRevoke }: { person: PersonDetail; mayRevoke: boolean }) {
  const { credentials, streams, sessions } = person;
  const orphans = streams.filter(({ credentialId }) => !credentials.some(({ id }) => id === credentialId));
  const living = credentials.filter(isLiving);
  const held = streams.filter(({ credentialId }) => living.some(({ id }) => id === credentialId)).length;
  return (
    <Section
      title="Credentials, streams and sessions"
      actions={
        mayRevoke && living.length > 0 ? (
          <RevokeAll personId={person.id} living={living.length} openStreams={held} of={person.displayName} />
        ) : null
      }
    >
      {credentials.length + streams.length + sessions.length === 0 ? (
        <p className="text-soft">None. This person has connected no computer.</p>
      ) : (
        <Table label="Credentials, streams and sessions">
          <Head>
            <Th>What</Th>
            <Th>Last used</Th>
            <Th>From</Th>
            <Th>State</Th>
            <ActsTh />
          </Head>
          <tbody>
            {credentials.map((credential) => (
              <CredentialRows
                key={credential.id}
                credential={credential}
                streams={streams.filter(({ credentialId }) => credentialId === credential.id)}
                person={person}
                mayRevoke={mayRevoke}
              />
            ))}
            {orphans.map((stream) => (
              <StreamRow key={stream.id} stream={stream} />
            ))}
            {sessions.map((session) => (
              <Row key={session.id}>
                <Td>
                  {browserOf(session.userAgent)}, <span className="text-soft">this portal</span>
                </Td>
                <Td>
                  <Time at={session.seenAt} />
                </Td>
                <Td>
                  <code>{session.address}</code>
                </Td>
                <Td>
                  <Status tone="ok">signed in</Status>
                </Td>
                <Td></Td>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
    </Section>
  );
}

type CredentialView = PersonDetail['credentials'][number];
type StreamView = PersonDetail['streams'][number];

const isLiving = ({ revokedAt, expiresAt }: CredentialView) => !revokedAt && new Date(expiresAt) > new Date();

function CredentialRows({
  credential,
  streams,
  person,
  mayRevoke,
}: {
  credential: CredentialView;
  streams: readonly StreamView[];
  person: Pick<PersonDetail, 'live' | 'displayName'>;
  mayRevoke: boolean;
}) {
  const { id, name, kind, readOnly, clusters, namespaces, lastUsedAt, lastUsedAddress, lastUsedClient } = credential;
  return (
    <>
      <Row>
        <Td>
          {name}, <span className="text-soft">{kind === 'api' ? 'API token' : 'kubeconfig'}</span>{' '}
          <Narrowing readOnly={readOnly} clusters={clusters?.map((cluster) => cluster.name) ?? null} namespaces={namespaces} />
        </Td>
        <Td>{lastUsedAt ? <Time at={lastUsedAt} /> : <span className="text-faint">never</span>}</Td>
        <Td>{lastUsedAddress ? <code title={lastUsedClient ?? undefined}>{lastUsedAddress}</code> : null}</Td>
        <Td>
          <CredentialState credential={credential} live={person.live} />
        </Td>
        <Td right>
          {mayRevoke && isLiving(credential) ? (
            <RevokeCredential id={id} name={name} openStreams={streams.length} of={person.displayName} />
          ) : null}
        </Td>
      </Row>
      {streams.map((stream) => (
        <StreamRow key={stream.id} stream={stream} />
      ))}
    </>
  );
}

function CredentialState({ credential: { revokedAt, revokeReason, expiresAt }, live }: { credential: CredentialView; live: boolean }) {
  if (revokedAt)
    return (
      <Status tone="bad" title={revokeReason ?? undefined}>
        revoked <Time at={revokedAt} />
      </Status>
    );
  if (new Date(expiresAt) <= new Date()) return <Status tone="off">expired</Status>;
  return live ? <Status tone="ok">works</Status> : <Status tone="bad">refused</Status>;
}

function StreamRow({ stream: { kind, target, since, cluster } }: { stream: StreamView }) {
  return (
    <Row>
      <Td className="pl-4! text-soft">
        {streamInWords(kind, target)}, {cluster.name}
      </Td>
      <Td>
        open, since <Time at={since} />
      </Td>
      <Td></Td>
      <Td>
        <Status tone="ok">open</Status>
      </Td>
      <Td></Td>
    </Row>
  );
}
