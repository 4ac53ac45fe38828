import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { Id } from '#components/ui/copy.tsx';
import { Details } from '#components/ui/facts.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { PersonDetail } from '#lib/directory/people/schema.ts';
import type { Me } from '#lib/session/schema.ts';
import { AccessOfPerson } from './access-of-person.tsx';
import { AccountHistory } from './account-history.tsx';
import { CredentialsAndStreams } from './credentials-and-streams.tsx';
import { CutOff, LiftCut } from './cut-off.tsx';
import { DistinguishedName } from './distinguished-name.tsx';
import { PersonStatus } from './person-state.tsx';
import { ReceiptTable, StandingNote } from './receipt.tsx';

type Props = { person: PersonDetail; clusters: readonly { id: string; name: string }[]; me: Me };

/** One person: what the directory says, what they may do and why, what they hold open, and how fast they were out. */
export function PersonPage({ person, clusters, me }: Props) {
  const mayAct = me.powers.admin && me.person.id !== person.id;
  return (
    <Page
      crumbs={[['People', '/admin/people']]}
      here={person.displayName}
      title={person.displayName}
      sub={
        <span className="flex flex-wrap items-center gap-x-2">
          <span>{person.upn ?? person.samAccountName}</span>
          {[person.title, person.department].filter(Boolean).map((text) => (
            <span key={text}>· {text}</span>
          ))}
          <span>
            · <PersonStatus state={person.state} />
          </span>
          <Id text={person.objectGuid} />
        </span>
      }
      actions={mayAct ? person.cutAt ? <LiftCut person={person} /> : <CutOff person={person} /> : null}
    >
      <Live seconds={3} />
      <StandingNote person={person} />
      <AccessOfPerson person={person} clusters={clusters} />
      <Columns>
        <div className="min-w-0">
          <CredentialsAndStreams person={person} mayRevoke={me.powers.admin} />
          <Section title="Cut-offs">
            <ReceiptTable receipts={person.receipts} />
          </Section>
        </div>
        <div className="min-w-0">
          <Section title="Groups">
            <GroupsOfPerson groups={person.groups} />
          </Section>
          <Section title="Account">
            <Account person={person} />
          </Section>
          <Section title="History of the account">
            <AccountHistory person={person} />
          </Section>
        </div>
      </Columns>
    </Page>
  );
}

function GroupsOfPerson({ groups }: { groups: PersonDetail['groups'] }) {
  if (groups.length === 0) return <p className="text-soft">In no security group.</p>;
  return (
    <ul className="grid gap-1">
      {groups.map(({ id, name, path, grants }) => (
        <li key={id}>
          <TextLink quiet href={`/admin/groups/${id}`}>
            {name}
          </TextLink>{' '}
          <span className="text-faint">
            {path.length <= 1
              ? 'direct'
              : `by ${path
                  .slice(0, -1)
                  .map((step) => step.name)
                  .join(' in ')}`}
            {grants > 0 ? `, ${grants} ${grants === 1 ? 'grant' : 'grants'}` : ''}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Account({ person }: { person: PersonDetail }) {
  const when = (at: string | null) => (at ? <Time at={at} /> : <span className="text-faint">none</span>);
  return (
    <Details
      items={[
        ['Account', person.samAccountName],
        ['On clusters', <code key="wire">{person.wireName}</code>],
        ['Mail', person.mail ?? <span className="text-faint">none</span>],
        ['Domain', person.directory.domain],
        ['Seen last', when(person.directory.freshAt)],
        ['In this state', <Time key="since" at={person.stateSince} />],
        ['Ends', when(person.accountExpiresAt)],
        ['Locked at', when(person.lockoutAt)],
        ['Password set', person.mustChangePassword ? 'must be changed' : when(person.passwordSetAt)],
        ['Where', <DistinguishedName key="dn" dn={person.dn} />],
      ]}
    />
  );
}
