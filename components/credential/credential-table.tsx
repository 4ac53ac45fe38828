import type { z } from 'zod';
import { Status, type Tone } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { credentialOutput } from '#lib/credential/schema.ts';
import { RevokeCredential } from './revoke-credential.tsx';

export type CredentialView = z.output<typeof credentialOutput>;

const tones: Record<CredentialView['state'], Tone> = { living: 'ok', renewed: 'wait', expired: 'off', revoked: 'bad' };
const words: Record<CredentialView['state'], string> = { living: 'works', renewed: 'replaced', expired: 'expired', revoked: 'revoked' };

export function CredentialTable({
  credentials,
  clusterNames,
  mayRevoke,
}: {
  credentials: readonly CredentialView[];
  clusterNames: Readonly<Record<string, string>>;
  mayRevoke: boolean;
}) {
  return (
    <Table label="Credentials">
      <Head>
        <Th>Name</Th>
        <Th>What</Th>
        <Th>State</Th>
        <Th>Last used</Th>
        <Th>From</Th>
        <Th>Until</Th>
        {mayRevoke ? (
          <Th>
            <span className="sr-only">Act</span>
          </Th>
        ) : null}
      </Head>
      <tbody>
        {credentials.map((each) => (
          <Row key={each.id}>
            <Td className="font-medium">{each.name}</Td>
            <Td className="text-soft">
              {each.kind === 'api' ? 'API token' : 'kubeconfig'} {each.readOnly ? <Tag>read only</Tag> : null}{' '}
              {each.clusterIds ? (
                <span className="text-faint">only {each.clusterIds.map((id) => clusterNames[id] ?? id).join(', ')}</span>
              ) : null}
            </Td>
            <Td>
              <Status tone={tones[each.state]} title={each.revokeReason ?? undefined}>
                {words[each.state]}
              </Status>
            </Td>
            <Td>{each.lastUsedAt ? <Time at={each.lastUsedAt} /> : <span className="text-faint">never</span>}</Td>
            <Td className="text-soft">
              {each.lastUsedAddress ? <code title={each.lastUsedClient ?? undefined}>{each.lastUsedAddress}</code> : null}
            </Td>
            <Td>
              <Time at={each.revokedAt ?? each.expiresAt} />
            </Td>
            {mayRevoke ? (
              <Td right>
                {each.state === 'living' || each.state === 'renewed' ? <RevokeCredential id={each.id} name={each.name} /> : null}
              </Td>
            ) : null}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
