import { counted } from '#components/ui/count.ts';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { DirectoryView, HeldRemovals as Held } from '#lib/directory/people/schema.ts';
import { DecideRemovals } from './decide-removals.tsx';

const shown = 50;
const titles: Record<Exclude<Held['what'], 'sentinels'>, string> = {
  people: 'People who would go',
  groups: 'Groups that would go',
  memberships: 'Groups that would lose members',
};

/** What a read of the directory lacks so suddenly that nobody may lose access by it until an admin has looked. */
export function HeldRemovals({ directory, held, mayDecide }: { directory: DirectoryView; held: readonly Held[]; mayDecide: boolean }) {
  const unseen = held.find(({ what }) => what === 'sentinels');
  return (
    <div className="grid gap-4 rounded border border-warn/40 p-3">
      {held.map(({ what, ...removals }) => (what === 'sentinels' ? null : <Losses key={what} what={what} {...removals} />))}
      {mayDecide ? <DecideRemovals directoryId={directory.id} domain={directory.domain} held={held} mayApprove={!unseen} /> : null}
    </div>
  );
}

function Losses({ what, removals, of, whom }: Omit<Held, 'what'> & { what: keyof typeof titles }) {
  const holders = whom.filter(({ grants }) => grants > 0).length;
  return (
    <div>
      <h3 className="font-medium">
        {titles[what]}: {removals.toLocaleString('en')} of {of.toLocaleString('en')}
        {what === 'memberships' ? ' memberships' : ''}
      </h3>
      <p className="mb-2 text-faint text-sm">
        {holders === 0 ? 'None of them holds a grant.' : `${counted(holders, 'of them holds', 'of them hold')} grants; these stand first.`}
      </p>
      <Table label={titles[what]}>
        <Head>
          <Th>Name</Th>
          {what === 'memberships' ? <Th right>Members lost</Th> : null}
          <Th right>Grants</Th>
        </Head>
        <tbody>
          {whom.slice(0, shown).map(({ id, name, members, grants }) => (
            <Row key={id}>
              <Td>
                <TextLink quiet href={`/admin/${what === 'people' ? 'people' : 'groups'}/${id}`}>
                  {name}
                </TextLink>
              </Td>
              {what === 'memberships' ? <Td right>{members?.toLocaleString('en')}</Td> : null}
              <Td right>{grants.toLocaleString('en')}</Td>
            </Row>
          ))}
        </tbody>
      </Table>
      {whom.length > shown ? <p className="mt-1 text-faint text-sm">and {(removals - shown).toLocaleString('en')} more</p> : null}
    </div>
  );
}
