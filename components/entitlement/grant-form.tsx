'use client';
import Link from 'next/link';
import { useEffect, useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { type ApiProblem, asProblem, callApi } from '#components/api/client.ts';
import { useCall } from '#components/api/use-call.ts';
import { findSubjects, subjectOf } from '#components/directory/find-subject.ts';
import { Button } from '#components/ui/button.tsx';
import { Combobox, type Option } from '#components/ui/combobox.tsx';
import { counted } from '#components/ui/count.ts';
import { Field } from '#components/ui/field.tsx';
import { Select, TextArea } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import { Columns } from '#components/ui/section.tsx';
import type { GrantInput, GrantPreview } from '#lib/entitlement/schema.ts';
import { ApplyProgress, type Baseline, readBaseline } from './apply-progress.tsx';
import { type ClusterChoice, type PlaceDraft, type ProjectChoice, placeKinds, type RoleChoice, scopeOf } from './choices.ts';
import { GrantReview, WarningNotes } from './grant-review.tsx';
import { PlaceFields } from './place-fields.tsx';
import { type Until, UntilField, untilOf } from './until-field.tsx';

type Props = {
  roles: readonly RoleChoice[];
  clusters: readonly ClusterChoice[];
  projects: readonly ProjectChoice[];
  subject: Option | null;
  roleId: string | undefined;
  projectId: string | undefined;
};

export function GrantForm({ roles, clusters, projects, subject: given, roleId: givenRole, projectId }: Props) {
  const [subject, setSubject] = useState(given);
  const [roleId, setRoleId] = useState(givenRole ?? '');
  const [place, setPlace] = useState<PlaceDraft>({ kind: 'project', clusterId: '', projectId: projectId ?? '', namespaces: '', label: '' });
  const [until, setUntil] = useState<Until>({ kind: 'none', at: '' });
  const [reason, setReason] = useState('');
  const [applied, setApplied] = useState<{ preview: GrantPreview; baseline: Baseline } | null>(null);
  const { call, busy, problem } = useCall();

  const role = roles.find(({ id }) => id === roleId);
  const scope = scopeOf(place);
  const end = untilOf(until);
  const input: GrantInput | null =
    subject && role && scope && end !== undefined ? { subject: subjectOf(subject), roleId: role.id, scope, until: end, reason } : null;
  const { preview, refusal } = usePreview(applied ? null : input);

  function chooseRole(id: string) {
    setRoleId(id);
    const chosen = roles.find((each) => each.id === id);
    const first = placeKinds.find(({ needs }) => chosen?.grantableOn.includes(needs));
    const fits = placeKinds.some(({ kind, needs }) => kind === place.kind && chosen?.grantableOn.includes(needs));
    if (!fits && first) setPlace({ ...place, kind: first.kind });
  }

  async function apply() {
    if (!input || !preview) return;
    const baseline = await readBaseline();
    if (await call('POST', '/grants', input)) setApplied({ preview, baseline });
  }

  if (applied)
    return (
      <div className="mt-6 grid gap-5">
        <Note tone="ok" live>
          <b className="font-semibold">{applied.preview.subject.name}</b> holds {applied.preview.role.title} on{' '}
          {applied.preview.where.words}. {applied.preview.people.gain.toLocaleString('en')}{' '}
          {applied.preview.people.gain === 1 ? 'person gains' : 'people gain'} by it.
        </Note>
        <ApplyProgress changes={applied.preview.clusters} baseline={applied.baseline} />
        <p className="flex gap-4">
          <Link href="/admin/access" className="text-accent hover:underline">
            All grants
          </Link>
          <Link
            href="/admin/access/new"
            className="text-accent hover:underline"
            onClick={() => {
              setApplied(null);
              setSubject(null);
            }}
          >
            Grant another
          </Link>
        </p>
      </div>
    );

  const many = preview?.clusters.length ?? 0;
  return (
    <Columns>
      <div className="mt-6 grid min-w-0 content-start gap-4">
        <Field label="Who" hint="Any group or person of the directory. A group outlives the people in it.">
          <Combobox label="Who" placeholder="Type a group or a person" value={subject} onChange={setSubject} find={findSubjects} />
        </Field>
        <Field label="Role" hint={role ? `May ${role.may.join('; ')}.` : 'What they may do.'}>
          <Select value={roleId} onChange={({ target }) => chooseRole(target.value)}>
            <option value="">Choose a role</option>
            {roles.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </Select>
        </Field>
        <PlaceFields draft={place} onChange={setPlace} role={role} clusters={clusters} projects={projects} />
        {preview ? (
          <p role="status" className="text-soft">
            Matches {counted(preview.where.clusters.length, 'cluster')}
            {preview.where.namespaces > 0 ? `, ${counted(preview.where.namespaces, 'namespace')}` : ''} today.
          </p>
        ) : null}
        <UntilField value={until} onChange={setUntil} />
        {preview ? <GrantReview preview={preview} /> : null}
      </div>
      <div className="mt-6 grid content-start gap-4">
        {preview ? <WarningNotes warnings={preview.warnings} /> : null}
        <ApiProblemNote problem={refusal} />
        <Field label="Reason" hint="Stands in the audit log and on the person's page.">
          <TextArea value={reason} onChange={({ target }) => setReason(target.value)} maxLength={500} />
        </Field>
        <ApiProblemNote problem={problem} />
        <div>
          <Button look="primary" disabled={!preview || busy} onClick={() => void apply()}>
            {busy ? 'Applying…' : many > 0 ? `Apply to ${counted(many, 'cluster')}` : 'Apply'}
          </Button>
        </div>
        <p className="text-faint text-sm">
          It holds from the next request on. An end date needs nobody: it ends by itself, and what is open then is cut.
        </p>
      </div>
    </Columns>
  );
}

/** What the grant would do, asked anew whenever a choice changes. */
function usePreview(input: GrantInput | null): { preview: GrantPreview | null; refusal: ApiProblem | null } {
  const [state, setState] = useState<{ preview: GrantPreview | null; refusal: ApiProblem | null }>({ preview: null, refusal: null });
  // The reason changes nothing of what is previewed.
  const asked = input ? JSON.stringify({ ...input, reason: '' }) : null;
  useEffect(() => {
    setState({ preview: null, refusal: null });
    if (!asked) return;
    let wanted = true;
    const timer = setTimeout(() => {
      callApi<GrantPreview>('POST', '/grants/preview', JSON.parse(asked)).then(
        (preview) => wanted && setState({ preview, refusal: null }),
        (error) => wanted && setState({ preview: null, refusal: asProblem(error) }),
      );
    }, 200);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [asked]);
  return state;
}
