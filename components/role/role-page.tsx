import type { ReactNode } from 'react';
import { Page } from '#components/shell/page.tsx';
import { ButtonLink } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Grant, RoleDetail } from '#lib/entitlement/schema.ts';
import { Holders } from './holders.tsx';
import { RemoveRole } from './remove-role.tsx';
import { RulesTable } from './rules-table.tsx';
import { May, Warnings } from './warnings.tsx';
import { countOf, placeWords, portalWords } from './words.ts';

export const ruleViews = ['own', 'all', 'yaml'] as const;
export type RuleView = (typeof ruleViews)[number];
type Props = { role: RoleDetail; grants: readonly Grant[]; total: number; view: RuleView; mayChange: boolean };

export function RolePage({ role, grants, total, view, mayChange }: Props) {
  const { id, name, title, description, builtin, portal } = role;
  return (
    <Page
      title={title}
      crumbs={[['Roles', '/admin/roles']]}
      sub={
        <>
          <code>{name}</code> · {builtin ? 'built-in' : `own, version ${role.version}, changed `}
          {builtin ? null : <Time at={role.updatedAt} />} · held by {countOf(role.people, 'person', 'people')}
          {description ? <p className="mt-1 max-w-prose">{description}</p> : null}
        </>
      }
      actions={
        mayChange ? (
          <>
            <ButtonLink href={`/admin/access/new?role=${id}`}>Grant it</ButtonLink>
            <ButtonLink href={`/admin/roles/new?from=${id}`}>Copy as own role</ButtonLink>
            {builtin ? null : (
              <>
                <ButtonLink href={`/admin/roles/${id}/edit`} look="primary">
                  Change
                </ButtonLink>
                <RemoveRole role={role} />
              </>
            )}
          </>
        ) : null
      }
    >
      <Columns>
        <div>
          <Section title="In plain words">
            {portal ? <Note className="mb-2">Whoever holds it on all clusters also {portalWords[portal]}.</Note> : null}
            <May may={role.may} />
          </Section>
          <Section title="Who holds it">
            <Holders role={role} grants={grants} total={total} />
          </Section>
        </div>
        <div>
          {role.warnings.length > 0 ? (
            <Section title="To think about">
              <Warnings warnings={role.warnings} />
            </Section>
          ) : null}
          <Section title="Facts">
            <Details
              items={[
                ['Granted on', role.grantableOn.map((place) => placeWords[place]).join(', ')],
                ['Inherits', <RoleNames key="inherits" roles={role.inherits} empty="from no other role" />],
                ['Inherited by', <RoleNames key="inherited-by" roles={role.inheritedBy} empty="no other role" />],
                ['Changed', <Time key="changed" at={role.updatedAt} />],
              ]}
            />
          </Section>
        </div>
      </Columns>
      <Section title="Rules">
        <Rules role={role} view={view} />
      </Section>
    </Page>
  );
}

function Rules({ role, view }: { role: RoleDetail; view: RuleView }) {
  const href = (to: RuleView) => `/admin/roles/${role.id}${to === 'own' ? '' : `?rules=${to}`}`;
  const shown: Readonly<Record<RuleView, ReactNode>> = {
    own:
      role.rules.length > 0 ? (
        <RulesTable rules={role.rules} label="Rules of this role" />
      ) : (
        <p className="py-3 text-soft">
          It has no rule of its own{role.inherits.length > 0 ? '; all comes from the roles it inherits.' : '.'}
        </p>
      ),
    all: <RulesTable rules={role.effectiveRules} label="Rules of this role and of those it inherits" />,
    yaml: <CodeBlock text={role.yaml} label="Rules as YAML" className="mt-3" />,
  };
  return (
    <>
      <Tabs
        label="Views of the rules"
        items={[
          { title: 'Own rules', href: href('own'), on: view === 'own', count: role.rules.length },
          { title: 'With inherited', href: href('all'), on: view === 'all', count: role.effectiveRules.length },
          { title: 'YAML', href: href('yaml'), on: view === 'yaml' },
        ]}
      />
      <div className="mt-2">{shown[view]}</div>
    </>
  );
}

function RoleNames({ roles, empty }: { roles: RoleDetail['inherits']; empty: string }) {
  if (roles.length === 0) return <span className="text-faint">{empty}</span>;
  return (
    <span className="flex flex-wrap gap-x-3">
      {roles.map(({ id, title }) => (
        <TextLink key={id} href={`/admin/roles/${id}`}>
          {title}
        </TextLink>
      ))}
    </span>
  );
}
