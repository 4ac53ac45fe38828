import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import type { PolicyRule } from '#lib/entitlement/types.ts';
import { groupInWords } from './words.ts';

/** Rules as a table: one row a rule, in the order in which they stand. */
export function RulesTable({ rules, label }: { rules: readonly PolicyRule[]; label: string }) {
  return (
    <Table label={label}>
      <Head>
        <Th>May</Th>
        <Th>On</Th>
        <Th>Of</Th>
        <Th>Named</Th>
      </Head>
      <tbody>
        {rules.map((rule, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rules have no name but their place.
          <Row key={index}>
            <Td className="min-w-32">
              <Words of={rule.verbs} />
            </Td>
            {'nonResourceURLs' in rule ? (
              <>
                <Td>
                  <Words of={rule.nonResourceURLs} />
                </Td>
                <Td className="text-faint">URLs of the API server</Td>
                <Td className="text-faint">–</Td>
              </>
            ) : (
              <>
                <Td>
                  <Words of={rule.resources} />
                </Td>
                <Td>
                  <Words of={rule.apiGroups.map(groupInWords)} />
                </Td>
                <Td>
                  {rule.resourceNames && rule.resourceNames.length > 0 ? (
                    <Words of={rule.resourceNames} />
                  ) : (
                    <span className="text-faint">any</span>
                  )}
                </Td>
              </>
            )}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function Words({ of }: { of: readonly string[] }) {
  return (
    <span className="flex flex-wrap gap-x-2">
      {of.map((word) => (
        <code key={word} className={word === '*' || word.startsWith('*/') ? 'font-semibold text-warn' : undefined}>
          {word}
        </code>
      ))}
    </span>
  );
}
