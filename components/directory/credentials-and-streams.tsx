import { browserOf } from '#components/session/session-table.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail } from '#lib/directory/people-schema.ts';

export function CredentialsAndStreams({ person }: { person: PersonDetail }) {
  const { credentials, streams, sessions } = person;
  const orphans = streams.filter(({ credentialId }) => !credentials.some(({ id }) => id === credentialId));
  return (
    <Section title="Credentials, streams and sessions">
      {credentials.length + streams.length + sessions.length === 0 ? (
        <p className="text-soft">None. This person has connected no computer.</p>
      ) : (
        <Table label="Credentials, streams and sessions">
          <Head>
            <Th>What</Th>
            <Th>Last used</Th>
            <Th>From</Th>
            <Th>State</Th>
          </Head>
          <tbody>
            {credentials.map((credential) => (
              <CredentialRows
                key={credential.id}
                credential={credential}
                streams={streams.filter(({ credentialId }) => credentialId === credential.id)}
                live={person.live}
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

function CredentialRows({ credential, streams, live }: { credential: CredentialView; streams: readonly StreamView[]; live: boolean }) {
  const { name, kind, readOnly, clusters, lastUsedAt, lastUsedAddress, lastUsedClient } = credential;
  return (
    <>
      <Row>
        <Td>
          {name}, <span className="text-soft">{kind === 'api' ? 'API token' : 'kubeconfig'}</span> {readOnly ? <Tag>read only</Tag> : null}{' '}
          {clusters ? <span className="text-faint">only {clusters.map((cluster) => cluster.name).join(', ')}</span> : null}
        </Td>
        <Td>{lastUsedAt ? <Time at={lastUsedAt} /> : <span className="text-faint">never</span>}</Td>
        <Td>{lastUsedAddress ? <code title={lastUsedClient ?? undefined}>{lastUsedAddress}</code> : null}</Td>
        <Td>
          <CredentialState credential={credential} live={live} />
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
        {kind} {target}, {cluster.name}
      </Td>
      <Td>
        open, since <Time at={since} />
      </Td>
      <Td></Td>
      <Td>
        <Status tone="ok">open</Status>
      </Td>
    </Row>
  );
}
