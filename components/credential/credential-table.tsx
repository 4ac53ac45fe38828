import type { z } from 'zod';
import { counted } from '#components/ui/count.ts';
import { Status, type Tone } from '#components/ui/status.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { credentialOutput } from '#lib/credential/schema.ts';
import { Narrowing } from './narrowing.tsx';
import { RenameCredential } from './rename-credential.tsx';
import { RevokeCredential } from './revoke-credential.tsx';

export type CredentialView = z.output<typeof credentialOutput>;

const tones: Record<CredentialView['state'], Tone> = { living: 'ok', renewed: 'wait', expired: 'off', revoked: 'bad' };
const words: Record<CredentialView['state'], string> = { living: 'works', renewed: 'replaced', expired: 'expired', revoked: 'revoked' };
const soonMs = 7 * 24 * 3_600_000;

/** What was replaced works on for a while, and then has ended like any other. */
export function hasEnded({ state, revokedAt, expiresAt }: Pick<CredentialView, 'state' | 'revokedAt' | 'expiresAt'>): boolean {
  return state === 'expired' || state === 'revoked' || revokedAt !== null || new Date(expiresAt) <= new Date();
}

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
        {mayRevoke ? <ActsTh /> : null}
      </Head>
      <tbody>
        {credentials.map((each) => (
          <Row key={each.id}>
            <Td className="font-medium">{each.name}</Td>
            <Td className="text-soft">
              {each.kind === 'api' ? 'API token' : 'kubeconfig'}{' '}
              <Narrowing
                readOnly={each.readOnly}
                clusters={each.clusterIds?.map((id) => clusterNames[id] ?? id) ?? null}
                namespaces={each.namespaces}
              />
            </Td>
            <Td>
              <Status tone={tones[each.state]} title={each.revokeReason ?? undefined}>
                {words[each.state]}
                {each.openStreams > 0 ? `, ${counted(each.openStreams, 'stream')} open` : ''}
              </Status>
            </Td>
            <Td>{each.lastUsedAt ? <Time at={each.lastUsedAt} /> : <span className="text-faint">never</span>}</Td>
            <Td className="text-soft">
              {each.lastUsedAddress ? <code>{each.lastUsedAddress}</code> : null}{' '}
              {each.lastUsedClient ? (
                <span className="text-faint" title={each.lastUsedClient}>
                  {each.lastUsedClient.split(' ')[0]?.slice(0, 24)}
                </span>
              ) : null}
            </Td>
            <Td>
              <Time at={each.revokedAt ?? each.expiresAt} /> <EndsUnused credential={each} />
            </Td>
            {mayRevoke ? (
              <Td right>
                <span className="inline-flex gap-3 whitespace-nowrap">
                  <RenameCredential id={each.id} name={each.name} />
                  <RevokeCredential id={each.id} name={each.name} openStreams={each.openStreams} />
                </span>
              </Td>
            ) : null}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** A warning in time for whoever still needs it: using it once is all that it takes. */
export function EndsUnused({ credential: { state, idleEndsAt } }: { credential: Pick<CredentialView, 'state' | 'idleEndsAt'> }) {
  if (state !== 'living' || idleEndsAt === null || new Date(idleEndsAt).getTime() - Date.now() > soonMs) return null;
  return (
    <Tag tone="warn" title="It ends when nobody uses it. One request keeps it.">
      unless used, <Time at={idleEndsAt} />
    </Tag>
  );
}
