'use client';
import { Plus, X } from 'lucide-react';
import { Fragment, useId } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Choice, FieldSet } from '#components/ui/field.tsx';
import { Checkbox, Input, Radio } from '#components/ui/input.tsx';
import type { FenceDraft, Limit } from './fence-draft.ts';
import { resourceInWords } from './quantity.ts';
import { isolationWords, podSecurityWords } from './words.ts';

type Props = { draft: FenceDraft; onChange: (draft: FenceDraft) => void; problems: Readonly<Record<string, string>> };

const levels = ['restricted', 'baseline', 'privileged'] as const;
const rows: readonly { words: string; cpu: Limit; memory: Limit }[] = [
  { words: 'Asked for, when a container does not say', cpu: 'requestCpu', memory: 'requestMemory' },
  { words: 'At most, when a container does not say', cpu: 'defaultCpu', memory: 'defaultMemory' },
  { words: 'Never more than', cpu: 'maxCpu', memory: 'maxMemory' },
];
/** Offered while typing; any name that a ResourceQuota knows may be written. */
const knownResources = [
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
  'pods',
  'services',
  'requests.storage',
  'persistentvolumeclaims',
  'count/deployments.apps',
  'services.loadbalancers',
];

/** What holds in each namespace of a project. */
export function FenceFields({ draft, onChange, problems }: Props) {
  return (
    <div className="grid gap-6">
      <QuotaFields draft={draft} onChange={onChange} problems={problems} />
      <LimitFields draft={draft} onChange={onChange} problems={problems} />
      <FieldSet legend="Pod Security">
        {levels.map((level) => (
          <Choice key={level} hint={podSecurityWords[level]}>
            <Radio name="podSecurity" checked={draft.podSecurity === level} onChange={() => onChange({ ...draft, podSecurity: level })} />
            <span>{level}</span>
          </Choice>
        ))}
      </FieldSet>
      <FieldSet
        legend="Network"
        hint="It holds where the cluster’s network plugin enforces NetworkPolicy; Gatehouse cannot prove that from outside."
      >
        <Choice hint={draft.isolated ? isolationWords.on : isolationWords.off}>
          <Checkbox checked={draft.isolated} onChange={({ target }) => onChange({ ...draft, isolated: target.checked })} />
          <span>Isolated</span>
        </Choice>
      </FieldSet>
    </div>
  );
}

function QuotaFields({ draft, onChange, problems }: Props) {
  const known = useId();
  const put = (index: number, change: Partial<FenceDraft['quota'][number]>) =>
    onChange({ ...draft, quota: draft.quota.map((row, at) => (at === index ? { ...row, ...change } : row)) });
  return (
    <FieldSet
      legend="Quota of each namespace"
      hint="Leave an amount empty to leave it unlimited. Amounts are written as in Kubernetes: 4, 500m, 8Gi."
    >
      <datalist id={known}>
        {knownResources.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {draft.quota.map(({ resource, amount }, index) => {
        const problem = problems[`quota.${resource}`];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their place while they are typed.
          <div key={index}>
            <div className="flex max-w-xl items-center gap-2">
              <Input
                code
                aria-label={`Resource ${index + 1}`}
                list={known}
                value={resource}
                placeholder="limits.cpu"
                onChange={({ target }) => put(index, { resource: target.value })}
              />
              <Input
                aria-label={`At most, ${resourceInWords(resource) || `resource ${index + 1}`}`}
                aria-invalid={problem ? true : undefined}
                value={amount}
                placeholder="unlimited"
                onChange={({ target }) => put(index, { amount: target.value })}
                className="w-32"
              />
              <Button
                look="ghost"
                size="icon"
                aria-label={`Remove ${resource || `row ${index + 1}`}`}
                onClick={() => onChange({ ...draft, quota: draft.quota.filter((_, at) => at !== index) })}
              >
                <X aria-hidden />
              </Button>
            </div>
            {problem ? <p className="text-bad text-sm">{problem}</p> : null}
          </div>
        );
      })}
      <div>
        <Button size="small" onClick={() => onChange({ ...draft, quota: [...draft.quota, { resource: '', amount: '' }] })}>
          <Plus aria-hidden /> Another resource
        </Button>
      </div>
    </FieldSet>
  );
}

function LimitFields({ draft, onChange, problems }: Props) {
  const put = (limit: Limit, amount: string) => onChange({ ...draft, limits: { ...draft.limits, [limit]: amount } });
  return (
    <FieldSet
      legend="Limits of each container"
      hint="With a quota on CPU or memory, containers that say nothing get small defaults: otherwise none could start."
    >
      <div className="grid max-w-xl grid-cols-[minmax(0,1fr)_7rem_7rem] items-center gap-x-3 gap-y-1.5">
        <span />
        <span aria-hidden className="text-faint text-xs">
          CPU
        </span>
        <span aria-hidden className="text-faint text-xs">
          Memory
        </span>
        {rows.map(({ words, cpu, memory }) => (
          <Fragment key={words}>
            <span className="text-soft">{words}</span>
            <LimitInput
              label={`${words}: CPU`}
              value={draft.limits[cpu]}
              problem={problems[`limits.${cpu}`]}
              onChange={(amount) => put(cpu, amount)}
            />
            <LimitInput
              label={`${words}: memory`}
              value={draft.limits[memory]}
              problem={problems[`limits.${memory}`]}
              onChange={(amount) => put(memory, amount)}
            />
          </Fragment>
        ))}
      </div>
    </FieldSet>
  );
}

function LimitInput({
  label,
  value,
  problem,
  onChange,
}: {
  label: string;
  value: string;
  problem: string | undefined;
  onChange: (amount: string) => void;
}) {
  const id = useId();
  return (
    <div>
      <Input
        aria-label={label}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? id : undefined}
        value={value}
        placeholder="none"
        onChange={({ target }) => onChange(target.value)}
      />
      {problem ? (
        <p id={id} className="text-bad text-xs">
          {problem}
        </p>
      ) : null}
    </div>
  );
}
