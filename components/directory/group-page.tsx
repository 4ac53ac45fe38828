import { Page } from '#components/shell/page.tsx';
import { withSearch } from '#components/ui/address.ts';
import { ButtonLink } from '#components/ui/button.tsx';
import { Id } from '#components/ui/copy.tsx';
import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { ExportLink } from '#components/ui/export-link.tsx';
import { Details } from '#components/ui/facts.tsx';
import { SearchField } from '#components/ui/filters.tsx';
import { Note } from '#components/ui/note.tsx';
import { Pagination } from '#components/ui/pagination.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { GroupDetail, GroupMembers } from '#lib/directory/people/schema.ts';
import { DistinguishedName } from './distinguished-name.tsx';
import { PersonStatus } from './person-state.tsx';

type Props = { group: GroupDetail; members: GroupMembers; nested: boolean; search: Readonly<Record<string, string>> };

export function GroupPage({ group, members, nested, search }: Props) {
  const here = `/admin/groups/${group.id}`;
  return (
    <Page
      crumbs={[['Groups', '/admin/groups']]}
      here={group.name}
      title={group.name}
      sub={
        <span className="flex flex-wrap items-center gap-x-2">
          {group.description ? <span>{group.description} ·</span> : null}
          <span>
            {counted(group.people, 'person', 'people')}, {counted(group.directMembers, 'direct member')}
          </span>
          <Id text={group.objectGuid} />
        </span>
      }
      actions={
        group.carries && !group.deletedAt ? (
          <ButtonLink look="primary" href={`/admin/access/new?subject=group ${group.id}`}>
            Grant access
          </ButtonLink>
        ) : null
      }
    >
      {group.deletedAt ? (
        <Note tone="bad" className="mt-5">
          <b className="font-semibold">Deleted in the directory</b> <Time at={group.deletedAt} />. Its grants give nothing any more.
        </Note>
      ) : null}
      {group.security ? null : (
        <Note className="mt-5">
          {group.carries
            ? 'This is a distribution list. Active Directory does not let it carry rights; here it does, because the settings of its directory say so.'
            : 'This is a distribution list: Active Directory does not let it carry rights, so neither do we.'}
        </Note>
      )}
      <Section title="What somebody gains by joining">
        <GrantsOfGroup group={group} />
      </Section>
      <Columns>
        <Section title="Members" className="min-w-0">
          <Tabs
            label="Members"
            items={[
              { title: 'Direct', href: withSearch(here, search, { members: null, offset: null }), on: !nested, count: group.directMembers },
              {
                title: 'All people, nested',
                href: withSearch(here, search, { members: 'nested', offset: null }),
                on: nested,
                count: group.people,
              },
            ]}
          />
          <div className="my-3 flex flex-wrap gap-2">
            <SearchField label="Member" />
            <ExportLink path={`/groups/${group.id}/members.csv`} search={{ search: search.search, nested: nested ? 'true' : undefined }} />
          </div>
          <Members members={members} search={search.search} />
          <UnknownMembers sids={group.unknownMembers} />
          <Pagination {...members} hrefAt={(offset) => withSearch(here, search, { offset: offset || null })} />
        </Section>
        <div className="min-w-0">
          <Section title="Is in">
            {group.memberOf.length === 0 ? <p className="text-soft">No other group.</p> : null}
            <ul className="grid gap-1">
              {group.memberOf.map(({ id, name }) => (
                <li key={id}>
                  <TextLink quiet href={`/admin/groups/${id}`}>
                    {name}
                  </TextLink>
                </li>
              ))}
            </ul>
          </Section>
          <Section title="In the directory">
            <Details
              items={[
                ['Account', group.samAccountName],
                ['Domain', group.directory.domain],
                ['Kind', group.security ? 'security group' : 'distribution list'],
                ['Where', <DistinguishedName key="dn" dn={group.dn} />],
              ]}
            />
          </Section>
        </div>
      </Columns>
    </Page>
  );
}

function GrantsOfGroup({ group }: { group: GroupDetail }) {
  if (group.grantList.length === 0) return <Empty title="Nothing: no grant names this group, or one that it is in." />;
  return (
    <Table label="Grants">
      <Head>
        <Th>Role</Th>
        <Th>Where</Th>
        <Th>Through</Th>
        <Th>Until</Th>
      </Head>
      <tbody>
        {group.grantList.map(({ id, role, scope, until, through }) => (
          <Row key={id}>
            <Td>
              <TextLink quiet href={`/admin/roles/${role.id}`} className="font-medium">
                {role.title}
              </TextLink>
            </Td>
            <Td>{scope}</Td>
            <Td className="text-soft">{through.length === 0 ? 'this group itself' : through.map(({ name }) => name).join(' in ')}</Td>
            <Td>{until ? <Time at={until} /> : <span className="text-faint">no end</span>}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function UnknownMembers({ sids }: { sids: readonly string[] }) {
  if (sids.length === 0) return null;
  return (
    <details className="mt-3 text-soft">
      <summary className="w-fit">
        {counted(sids.length, 'more member is', 'more members are')} of no directory that is connected, and counted for nobody
      </summary>
      <ul className="mt-2 grid gap-1">
        {sids.map((sid) => (
          <li key={sid}>
            <code className="break-all">{sid}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Members({ members, search }: { members: GroupMembers; search: string | undefined }) {
  if (members.items.length === 0) return <p className="text-soft">{search ? 'No member fits this search.' : 'Nobody.'}</p>;
  return (
    <Table label="Members">
      <Head>
        <Th>Member</Th>
        <Th>Account</Th>
        <Th>State</Th>
        <Th>How</Th>
      </Head>
      <tbody>
        {members.items.map(({ kind, id, name, detail, state, direct, primary, path }) => (
          <Row key={id}>
            <Td>
              <TextLink quiet href={`/admin/${kind === 'group' ? 'groups' : 'people'}/${id}`} className="font-medium">
                {name}
              </TextLink>
            </Td>
            <Td className="text-soft">{detail}</Td>
            <Td>{state ? <PersonStatus state={state} /> : <span className="text-soft">group</span>}</Td>
            <Td className="text-soft">
              {primary
                ? 'primary group'
                : direct
                  ? 'direct'
                  : `by ${path
                      .slice(0, -1)
                      .map((step) => step.name)
                      .join(' in ')}`}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
