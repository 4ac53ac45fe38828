import { Status, type Tone } from '#components/ui/status.tsx';
import { ActsTh, Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { BreakGlass } from '#lib/breakglass/schema.ts';
import { EndAccount } from './end-account.tsx';
import { MakeAnew } from './make-account.tsx';

type Account = BreakGlass['accounts'][number];

const tones: Readonly<Record<Account['state'], Tone>> = { unconfirmed: 'wait', sealed: 'ok', used: 'warn', closed: 'bad' };
const words: Readonly<Record<Account['state'], string>> = {
  unconfirmed: 'Not confirmed: lets nobody in',
  sealed: 'Sealed, ready',
  used: 'Used: make it anew',
  closed: 'Used, closed: make it anew',
};

export function AccountTable({ breakGlass: { accounts, rules }, mayKeep }: { breakGlass: BreakGlass; mayKeep: boolean }) {
  return (
    <Table label="Break-glass accounts">
      <Head>
        <Th>Account</Th>
        <Th>How it stands</Th>
        <Th>Made</Th>
        <Th>Used last</Th>
        {mayKeep ? <ActsTh /> : null}
      </Head>
      <tbody>
        {accounts.map((account) => (
          <Row key={account.id}>
            <Td>
              <code>{account.name}</code> {account.sessions > 0 ? <Tag tone="bad">signed in now</Tag> : null}
            </Td>
            <Td>
              <Status tone={tones[account.state]}>{words[account.state]}</Status>
              {account.state === 'used' && account.openUntil ? (
                <span className="text-faint">
                  {' '}
                  lets in until <Time at={account.openUntil} />
                </span>
              ) : null}
            </Td>
            <Td>
              <Time at={account.madeAt} /> by{' '}
              <TextLink quiet href={`/admin/people/${account.madeBy.id}`}>
                {account.madeBy.name}
              </TextLink>{' '}
              {account.madeBy.left ? (
                <Tag tone="warn" title="Whoever made it may know its password.">
                  has left
                </Tag>
              ) : null}
            </Td>
            <Td className="text-soft">{account.lastUsedAt ? <Time at={account.lastUsedAt} /> : 'never'}</Td>
            {mayKeep ? (
              <Td right>
                <span className="inline-flex gap-4">
                  <MakeAnew account={account} />
                  <EndAccount account={account} left={accounts.length - 1} needed={rules.accountsNeeded} />
                </span>
              </Td>
            ) : null}
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
