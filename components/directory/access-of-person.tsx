import { Chain } from '#components/ui/chain.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { Section } from '#components/ui/section.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail } from '#lib/directory/people/schema.ts';
import type { Chain as AccessChain } from '#lib/entitlement/schema.ts';
import { AskWhy } from './ask-why.tsx';
import { stepsOf } from './chain-steps.ts';

/** What a person may do on each cluster, and because of what. */
export function AccessOfPerson({ person, clusters }: { person: PersonDetail; clusters: readonly { id: string; name: string }[] }) {
  const chains = person.explanation?.chains ?? [];
  return (
    <>
      <Section title={person.live ? 'Access' : `Access, were the account not ${person.state === 'cut' ? 'cut off' : person.state}`}>
        {chains.length === 0 ? (
          <Empty
            title="May enter no cluster."
            action={<TextLink href={`/admin/access/new?subject=person ${person.id}`}>Grant access</TextLink>}
          >
            No grant reaches this person, neither directly nor through a group.
          </Empty>
        ) : (
          <Table label="Access">
            <Head>
              <Th>Cluster</Th>
              <Th>Where</Th>
              <Th>Role</Th>
              <Th>Because</Th>
              <Th>Until</Th>
            </Head>
            <tbody>
              {chains.map((chain) => (
                <Row key={`${chain.clusterId} ${chain.grantId}`}>
                  <Td>
                    <TextLink quiet href={`/admin/clusters/${chain.clusterId}`} className="font-medium">
                      {chain.cluster}
                    </TextLink>
                  </Td>
                  <Td>
                    {chain.scope.words} <span className="text-faint">{reachWords(chain.namespaces)}</span>
                  </Td>
                  <Td>
                    <TextLink quiet href={`/admin/roles/${chain.role.id}`}>
                      {chain.role.title}
                    </TextLink>
                  </Td>
                  <Td>
                    <Because chain={chain} />
                  </Td>
                  <Td>{chain.until ? <Time at={chain.until} /> : <span className="text-faint">no end</span>}</Td>
                </Row>
              ))}
            </tbody>
          </Table>
        )}
      </Section>
      <Section title="Why">
        <div className="grid gap-2.5">
          {distinct(chains).map((chain) => (
            <Chain key={chain.grantId} label={`Why ${chain.role.title} on ${chain.scope.words}`} steps={stepsOf(chain)} />
          ))}
          {clusters.length > 0 ? <AskWhy personId={person.id} clusters={clusters} /> : null}
        </div>
      </Section>
    </>
  );
}

function Because({ chain }: { chain: AccessChain }) {
  const groups = chain.links.filter(({ kind }) => kind === 'group');
  if (groups.length === 0) return <>granted to the person</>;
  return (
    <>
      member of{' '}
      {groups.map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 ? ' in ' : ''}
          <TextLink href={`/admin/groups/${id}`}>{name}</TextLink>
        </span>
      ))}
    </>
  );
}

function reachWords(namespaces: AccessChain['namespaces']): string {
  if (namespaces === 'all') return '';
  return namespaces.length === 1 ? '(1 namespace)' : `(${namespaces.length} namespaces)`;
}

/** One grant gives the same path on every cluster: it is drawn once. */
function distinct(chains: readonly AccessChain[]): AccessChain[] {
  return chains.filter(({ grantId }, index) => chains.findIndex((other) => other.grantId === grantId) === index).slice(0, 6);
}
