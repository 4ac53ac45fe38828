'use client';
import { useEffect, useState } from 'react';
import { type ApiProblem, asProblem, callApi } from '#components/api/client.ts';
import { Field } from '#components/ui/field.tsx';
import { Select, TextArea } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';

export type Context = { name: string; server: string; user: string; proxyUrl: string | null; usable: boolean; refusal: string | null };
type Inspected = { current: string | null; contexts: Context[] };
type Props = { kubeconfig: string; onKubeconfig: (text: string) => void; context: string; onContext: (name: string) => void };

/** A kubeconfig is pasted, its contexts are read out, and what cannot be used is said before anything is tried. */
export function KubeconfigField({ kubeconfig, onKubeconfig, context, onContext }: Props) {
  const [inspected, setInspected] = useState<Inspected | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  useEffect(() => {
    setInspected(null);
    setProblem(null);
    if (!kubeconfig.trim()) return;
    let wanted = true;
    const timer = setTimeout(() => {
      callApi<Inspected>('POST', '/clusters/inspect', { kubeconfig }).then(
        (answer) => {
          if (!wanted) return;
          setInspected(answer);
          onContext(answer.current ?? answer.contexts[0]?.name ?? '');
        },
        (error) => wanted && setProblem(asProblem(error)),
      );
    }, 300);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [kubeconfig, onContext]);
  const chosen = inspected?.contexts.find(({ name }) => name === context);
  return (
    <div className="grid gap-3">
      <Field
        label="Kubeconfig of an administrator there"
        hint="Used once to make two small accounts, then thrown away. It is sealed in transit and never stored."
        problem={problem?.message}
      >
        <TextArea
          code
          value={kubeconfig}
          onChange={({ target }) => onKubeconfig(target.value)}
          rows={9}
          autoComplete="off"
          placeholder="apiVersion: v1&#10;kind: Config&#10;…"
          required
        />
      </Field>
      {inspected && inspected.contexts.length > 1 ? (
        <Field label="Context">
          <Select value={context} onChange={({ target }) => onContext(target.value)}>
            {inspected.contexts.map(({ name, server }) => (
              <option key={name} value={name}>
                {name} ({server})
              </option>
            ))}
          </Select>
        </Field>
      ) : null}
      {chosen ? (
        chosen.usable ? (
          <p role="status" className="text-soft">
            {chosen.user} at <code>{chosen.server}</code>
            {chosen.proxyUrl ? (
              <>
                , through the proxy <code>{chosen.proxyUrl}</code>, as the kubeconfig says: doors and worker will go through it too
              </>
            ) : null}
          </p>
        ) : (
          <Note tone="bad" live>
            {chosen.refusal}
          </Note>
        )
      ) : null}
    </div>
  );
}
