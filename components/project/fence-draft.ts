import type { ProjectDetail, ProjectInput } from '#lib/project/schema.ts';

// What a form holds of a project's fence while somebody types: texts, where empty means "not limited".

export type Limit = keyof NonNullable<ProjectInput['limits']>;

export interface FenceDraft {
  readonly quota: readonly { readonly resource: string; readonly amount: string }[];
  readonly limits: Readonly<Record<Limit, string>>;
  readonly podSecurity: ProjectInput['podSecurity'];
  readonly isolated: boolean;
}

const noLimits: FenceDraft['limits'] = { defaultCpu: '', defaultMemory: '', requestCpu: '', requestMemory: '', maxCpu: '', maxMemory: '' };

export const usualFence: FenceDraft = {
  quota: [
    { resource: 'limits.cpu', amount: '' },
    { resource: 'limits.memory', amount: '' },
    { resource: 'pods', amount: '' },
  ],
  limits: noLimits,
  podSecurity: 'baseline',
  isolated: true,
};

export function draftOf({ quota, limits, podSecurity, isolated }: ProjectDetail): FenceDraft {
  return {
    quota: quota ? Object.entries(quota).map(([resource, amount]) => ({ resource, amount })) : usualFence.quota,
    limits: withEmpty(limits),
    podSecurity,
    isolated,
  };
}

function withEmpty(limits: ProjectDetail['limits']): FenceDraft['limits'] {
  const said = Object.entries(limits ?? {}).filter(([, amount]) => amount !== undefined);
  return { ...noLimits, ...Object.fromEntries(said) };
}

/** Null says "no quota" and "no limits": leaving them out of a change would leave them as they are. */
export function fenceOf({ quota, limits, podSecurity, isolated }: FenceDraft) {
  const hard = quota
    .filter(({ resource, amount }) => resource.trim() && amount.trim())
    .map(({ resource, amount }) => [resource.trim(), amount.trim()]);
  const said = Object.entries(limits).filter(([, amount]) => amount.trim());
  return {
    quota: hard.length > 0 ? Object.fromEntries(hard) : null,
    limits: said.length > 0 ? Object.fromEntries(said.map(([name, amount]) => [name, amount.trim()])) : null,
    podSecurity,
    isolated,
  };
}

/** Those of the refused fields beside which the forms say it themselves. */
export function shownFields(fields: Readonly<Record<string, string>>): string[] {
  return Object.keys(fields).filter((field) => /^(name|title|description|quota\..+|limits\..+|namespaces\.\d+\.name)$/.test(field));
}
