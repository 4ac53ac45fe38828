'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';
import { ByCommand } from './register-by-command.tsx';
import { ByKubeconfig } from './register-by-kubeconfig.tsx';

export type Draft = { name: string; labels: string; serverUrl: string; proxyUrl: string };
export type WayProps = { draft: Draft; after: string; onProblems: (fields: Readonly<Record<string, string>>) => void };

/** Two ways in; the name and labels are the same for both. */
export function RegisterForm({ after }: { after: string }) {
  const [way, setWay] = useState<'command' | 'kubeconfig'>('kubeconfig');
  const [draft, setDraft] = useState<Draft>({ name: '', labels: '', serverUrl: '', proxyUrl: '' });
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const Way = way === 'command' ? ByCommand : ByKubeconfig;
  return (
    <div className="grid max-w-2xl gap-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" hint="In addresses and kubeconfig contexts; never changes." problem={problems.name}>
          <Input
            value={draft.name}
            onChange={({ target }) => setDraft({ ...draft, name: target.value.trim() })}
            placeholder="east"
            maxLength={40}
            required
          />
        </Field>
        <Field label="Labels" hint="env=prod, region=eu" problem={problems.labels}>
          <Input value={draft.labels} onChange={({ target }) => setDraft({ ...draft, labels: target.value })} placeholder="env=prod" />
        </Field>
      </div>
      <fieldset className="flex flex-wrap gap-1">
        <legend className="mb-1 font-medium text-sm">How</legend>
        <Button
          size="small"
          look={way === 'kubeconfig' ? 'plain' : 'ghost'}
          aria-pressed={way === 'kubeconfig'}
          onClick={() => setWay('kubeconfig')}
        >
          Paste a kubeconfig
        </Button>
        <Button
          size="small"
          look={way === 'command' ? 'plain' : 'ghost'}
          aria-pressed={way === 'command'}
          onClick={() => setWay('command')}
        >
          One kubectl apply
        </Button>
      </fieldset>
      <Field
        label={way === 'command' ? 'Address of its API server' : 'Address of its API server, if not the one in the kubeconfig'}
        hint="As this platform reaches it, such as https://api.east.corp.example:6443"
        problem={problems.serverUrl}
      >
        <Input
          value={draft.serverUrl}
          onChange={({ target }) => setDraft({ ...draft, serverUrl: target.value.trim() })}
          placeholder="https://…"
          inputMode="url"
        />
      </Field>
      <Field
        label="HTTP proxy on the way, if there is one"
        hint={`http://proxy.corp.example:3128, without user name or password.${way === 'kubeconfig' ? ' Empty: as the kubeconfig says.' : ''}`}
        problem={problems.proxyUrl}
      >
        <Input
          value={draft.proxyUrl}
          onChange={({ target }) => setDraft({ ...draft, proxyUrl: target.value.trim() })}
          placeholder="none"
          inputMode="url"
        />
      </Field>
      <Way draft={draft} after={after} onProblems={setProblems} />
    </div>
  );
}
