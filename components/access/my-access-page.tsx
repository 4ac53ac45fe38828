import { CredentialTable, type CredentialView } from '#components/credential/credential-table.tsx';
import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { Empty } from '#components/ui/empty.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import type { MyAccess } from '#lib/entitlement/schema.ts';
import type { Me } from '#lib/session/schema.ts';
import { AccessCards } from './access-cards.tsx';
import { EndingSoon } from './ending-soon.tsx';
import { MyProjects } from './my-projects.tsx';

const soonMs = 14 * 24 * 3_600_000;

export function MyAccessPage({
  me,
  access,
  credentials,
  now,
}: {
  me: Me;
  access: MyAccess;
  credentials: readonly CredentialView[];
  now: Date;
}) {
  const { clusters, projects, ending } = access;
  const living = credentials.filter(({ state }) => state === 'living');
  const endingCredentials = living
    .map((each) => ({ ...each, expiresAt: each.idleEndsAt ?? each.expiresAt }))
    .filter(({ expiresAt }) => new Date(expiresAt).getTime() - now.getTime() < soonMs);
  const names = Object.fromEntries(clusters.map(({ id, name }) => [id, name]));
  return (
    <Page
      title="My access"
      sub={`${me.person.displayName}, ${clusters.length === 0 ? 'you may enter no cluster yet' : clusters.length === 1 ? 'you may enter 1 cluster' : `you may enter ${clusters.length} clusters`}.`}
      actions={
        clusters.length > 0 ? (
          <ButtonLink href="/connect" look="primary">
            Connect
          </ButtonLink>
        ) : null
      }
    >
      <Live seconds={8} />
      {clusters.length === 0 ? (
        <Empty title="No cluster is open to you.">
          Access comes with membership in a group, or by a grant to you.{' '}
          {me.installation.accessContact
            ? `Ask ${me.installation.accessContact}.`
            : 'Ask a platform admin, and say which project or namespace you need.'}
        </Empty>
      ) : (
        <AccessCards clusters={clusters} contact={me.installation.accessContact} />
      )}
      <Columns>
        <Section title="My credentials" actions={<TextLink href="/credentials">All</TextLink>}>
          {living.length > 0 ? (
            <CredentialTable credentials={living.slice(0, 6)} clusterNames={names} mayRevoke={false} />
          ) : (
            <p className="text-soft">None yet. Connecting a computer makes one.</p>
          )}
        </Section>
        <div>
          <Section title="Ends soon">
            <EndingSoon ending={ending} credentials={endingCredentials} />
          </Section>
          {projects.length > 0 ? (
            <Section title="My projects">
              <MyProjects projects={projects} mayOpenAll={me.powers.admin || me.powers.auditor} />
            </Section>
          ) : null}
        </div>
      </Columns>
    </Page>
  );
}
