'use client';
import { Field } from '#components/ui/field.tsx';
import { Input, Select } from '#components/ui/input.tsx';
import { type ClusterChoice, labelsOf, type PlaceDraft, type ProjectChoice, placeKinds, type RoleChoice } from './choices.ts';

type Props = {
  draft: PlaceDraft;
  onChange: (draft: PlaceDraft) => void;
  role: RoleChoice | undefined;
  clusters: readonly ClusterChoice[];
  projects: readonly ProjectChoice[];
};

/** Where a grant holds; only what the chosen role may be granted on is offered. */
export function PlaceFields({ draft, onChange, role, clusters, projects }: Props) {
  const kinds = placeKinds.filter(({ needs }) => !role || role.grantableOn.includes(needs));
  const { kind } = draft;
  const clusterField = (none: string | null) => (
    <Field label="Cluster">
      <Select value={draft.clusterId} onChange={({ target }) => onChange({ ...draft, clusterId: target.value, label: '' })}>
        <option value="">{none ?? 'Choose a cluster'}</option>
        {clusters.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field label="Where">
        <Select value={kind} onChange={({ target }) => onChange({ ...draft, kind: target.value as PlaceDraft['kind'] })}>
          {kinds.map((each) => (
            <option key={each.kind} value={each.kind}>
              {each.words}
            </option>
          ))}
        </Select>
      </Field>
      {kind === 'project' ? (
        <Field label="Project">
          <Select value={draft.projectId} onChange={({ target }) => onChange({ ...draft, projectId: target.value })}>
            <option value="">Choose a project</option>
            {projects.map(({ id, title, name }) => (
              <option key={id} value={id}>
                {title === name ? title : `${title} (${name})`}
              </option>
            ))}
          </Select>
        </Field>
      ) : null}
      {kind === 'namespaces' ? (
        <Field label="Namespaces" hint="By name, separated by commas.">
          <Input
            code
            value={draft.namespaces}
            placeholder="shop, payments"
            onChange={({ target }) => onChange({ ...draft, namespaces: target.value })}
          />
        </Field>
      ) : null}
      {kind === 'cluster' ? clusterField(null) : null}
      {kind === 'namespaces' ? clusterField('Every cluster that has them') : null}
      {kind === 'labels' ? (
        <Field label="Label">
          <Select value={draft.label} onChange={({ target }) => onChange({ ...draft, label: target.value })}>
            <option value="">Choose a label</option>
            {labelsOf(clusters).map((label) => (
              <option key={label} value={label}>
                {label}
              </option>
            ))}
          </Select>
        </Field>
      ) : null}
    </div>
  );
}
