'use client';
import { useEffect, useId, useState } from 'react';
import { callApi } from '#components/api/client.ts';
import { Field } from '#components/ui/field.tsx';
import { Input, Select } from '#components/ui/input.tsx';
import type { NamespaceView } from '#lib/cluster/schema.ts';
import type { NamespaceInput } from '#lib/project/schema.ts';

export type ClusterChoice = { readonly id: string; readonly name: string };
type Props = {
  clusters: readonly ClusterChoice[];
  value: NamespaceInput;
  onChange: (value: NamespaceInput) => void;
  problem?: string | undefined;
};

/** Runs the cluster itself, or us: can be in no project. */
const inner = /^(kube-.*|gatehouse-system)$/;

/** One namespace: made new, or one that stands already and keeps what is its own. */
export function NamespaceFields({ clusters, value, onChange, problem }: Props) {
  const free = useFreeNamespaces(value.clusterId, value.origin === 'adopted');
  const known = useId();
  return (
    <div className="grid gap-2 sm:grid-cols-[9rem_13rem_minmax(0,1fr)]">
      <Field label="Cluster">
        <Select
          value={value.clusterId}
          onChange={({ target }) => onChange({ ...value, clusterId: target.value, name: value.origin === 'adopted' ? '' : value.name })}
        >
          {clusters.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="How">
        <Select
          value={value.origin}
          onChange={({ target }) => onChange({ ...value, origin: target.value === 'adopted' ? 'adopted' : 'created' })}
        >
          <option value="created">Create it</option>
          <option value="adopted">Adopt one that stands</option>
        </Select>
      </Field>
      <Field label="Namespace" problem={problem}>
        <Input
          code
          value={value.name}
          list={known}
          required
          placeholder={value.origin === 'adopted' ? `one of ${free.length}` : 'shop-web'}
          onChange={({ target }) => onChange({ ...value, name: target.value.trim() })}
        />
      </Field>
      <datalist id={known}>
        {free.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

function useFreeNamespaces(clusterId: string, wanted: boolean): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!wanted || !clusterId) return setNames([]);
    let still = true;
    callApi<{ namespaces: NamespaceView[] }>('GET', `/clusters/${clusterId}/namespaces`)
      .then(({ namespaces }) => namespaces.filter(({ name, project }) => !project && !inner.test(name)).map(({ name }) => name))
      .catch(() => [])
      .then((free) => {
        if (still) setNames(free);
      });
    return () => {
      still = false;
    };
  }, [clusterId, wanted]);
  return names;
}
