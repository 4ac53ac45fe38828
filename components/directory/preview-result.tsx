import { counted } from '#components/ui/count.ts';
import { Note } from '#components/ui/note.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { Preview } from '#lib/directory/preview/schema.ts';
import { type PersonState, personStateWords } from './person-state.tsx';

const shown = 25;

/** What the next read would do: first in one sentence, then who would lose what, those who hold most first. */
export function PreviewResult({ preview }: { preview: Preview }) {
  const { losing, groupsLosing, appearing, held, tally } = preview;
  return (
    <div className="grid gap-4">
      <Note tone={losing.withGrants > 0 || held.length > 0 ? 'warn' : 'ok'} live>
        <p className="font-medium">{inOneSentence(preview)}</p>
        <p className="text-soft">
          {preview.accounts.toLocaleString('en')} accounts and {preview.groups.toLocaleString('en')} groups were read in{' '}
          {Math.max(1, Math.round(preview.seconds)).toLocaleString('en')} s; nothing was written.
        </p>
      </Note>
      {held.map(({ what, removals, of, names }) => (
        <Note key={what} tone="warn">
          {what === 'sentinels' ? (
            <>
              <b className="font-semibold">{names.join(' and ')}</b> must be seen by every complete read, and was not. Such a read removes
              nobody.
            </>
          ) : (
            <>
              {removals.toLocaleString('en')} of {of.toLocaleString('en')} {what} at once: such a read is held until an admin says that it
              is meant.
            </>
          )}
        </Note>
      ))}
      {losing.people > 0 ? (
        <div>
          <h3 className="mb-1 font-medium">Who would lose access: {losing.people.toLocaleString('en')}</h3>
          <p className="mb-2 text-soft text-sm">
            {counted(losing.withGrants, 'of them holds', 'of them hold')} grants, {counted(losing.credentials, 'credential')} and{' '}
            {counted(losing.streams, 'open stream')} would be refused.
          </p>
          <Table label="Who would lose access">
            <Head>
              <Th>Name</Th>
              <Th>Login</Th>
              <Th>Would be</Th>
              <Th right>Grants</Th>
              <Th right>Credentials</Th>
              <Th right>Streams</Th>
            </Head>
            <tbody>
              {losing.list.slice(0, shown).map(({ id, name, login, state, grants, credentials, streams }) => (
                <Row key={id}>
                  <Td>
                    <TextLink quiet href={`/admin/people/${id}`}>
                      {name}
                    </TextLink>
                  </Td>
                  <Td className="text-soft">{login}</Td>
                  <Td>{personStateWords[state as PersonState] ?? state}</Td>
                  <Td right>{grants.toLocaleString('en')}</Td>
                  <Td right>{credentials.toLocaleString('en')}</Td>
                  <Td right>{streams.toLocaleString('en')}</Td>
                </Row>
              ))}
            </tbody>
          </Table>
          <More of={losing.people} />
        </div>
      ) : null}
      {groupsLosing.groups > 0 ? (
        <div>
          <h3 className="mb-2 font-medium">Groups that would lose members, or go: {groupsLosing.groups.toLocaleString('en')}</h3>
          <Table label="Groups that would lose members">
            <Head>
              <Th>Group</Th>
              <Th right>Members lost</Th>
              <Th right>Grants</Th>
            </Head>
            <tbody>
              {groupsLosing.list.slice(0, shown).map(({ id, name, gone, members, grants }) => (
                <Row key={id}>
                  <Td>
                    <TextLink quiet href={`/admin/groups/${id}`}>
                      {name}
                    </TextLink>
                    {gone ? <span className="text-bad"> goes</span> : null}
                  </Td>
                  <Td right>{members.toLocaleString('en')}</Td>
                  <Td right>{grants.toLocaleString('en')}</Td>
                </Row>
              ))}
            </tbody>
          </Table>
          <More of={groupsLosing.groups} />
        </div>
      ) : null}
      {appearing.people.length > 0 ? (
        <Newcomers title={`People who would appear: ${tally.peopleAppeared.toLocaleString('en')}`} of={tally.peopleAppeared}>
          {appearing.people.map(({ name, login }) => `${name} (${login})`)}
        </Newcomers>
      ) : null}
      {appearing.groups.length > 0 ? (
        <Newcomers title={`Groups that would appear: ${tally.groupsAppeared.toLocaleString('en')}`} of={tally.groupsAppeared}>
          {appearing.groups.map(({ name }) => name)}
        </Newcomers>
      ) : null}
    </div>
  );
}

function inOneSentence({ losing, tally }: Preview): string {
  const parts = [
    tally.peopleLeft > 0 ? `${counted(tally.peopleLeft, 'person leaves', 'people leave')}` : '',
    losing.people > tally.peopleLeft ? `${counted(losing.people - tally.peopleLeft, 'other loses', 'others lose')} access` : '',
    losing.withGrants > 0 ? `${losing.withGrants.toLocaleString('en')} of them ${losing.withGrants === 1 ? 'holds' : 'hold'} grants` : '',
    tally.peopleAppeared > 0 ? `${counted(tally.peopleAppeared, 'person appears', 'people appear')}` : '',
    tally.peopleChanged > 0 ? `${counted(tally.peopleChanged, 'person is', 'people are')} changed` : '',
    groupsInWords(tally),
    tally.membershipsAdded + tally.membershipsRemoved > 0
      ? `memberships: ${tally.membershipsAdded.toLocaleString('en')} more, ${tally.membershipsRemoved.toLocaleString('en')} less`
      : '',
  ].filter(Boolean);
  return parts.length === 0 ? 'Nothing would change: what is known is what would be read.' : `${parts.join('; ')}.`;
}

function groupsInWords({ groupsAppeared, groupsChanged, groupsLeft }: Preview['tally']): string {
  const parts = [
    groupsLeft > 0 ? `${groupsLeft.toLocaleString('en')} go` : '',
    groupsAppeared > 0 ? `${groupsAppeared.toLocaleString('en')} appear` : '',
    groupsChanged > 0 ? `${groupsChanged.toLocaleString('en')} change` : '',
  ].filter(Boolean);
  return parts.length === 0 ? '' : `of the groups ${parts.join(', ')}`;
}

function Newcomers({ title, of, children }: { title: string; of: number; children: readonly string[] }) {
  return (
    <details>
      <summary className="w-fit rounded-sm text-accent hover:underline">{title}</summary>
      <p className="mt-1 text-soft">
        {children.join(', ')}
        {of > children.length ? ` and ${(of - children.length).toLocaleString('en')} more` : ''}
      </p>
    </details>
  );
}

function More({ of }: { of: number }) {
  return of > shown ? <p className="mt-1 text-faint text-sm">and {(of - shown).toLocaleString('en')} more</p> : null;
}
