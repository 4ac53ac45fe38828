// Kubernetes' quantities as numbers, to compare what is used with what is allowed; and as people write them.
import { amountOf } from '#lib/project/quantity.ts';

/** Null for what is no quantity: a bar is then not drawn, rather than drawn wrong. */
export function quantity(text: string | undefined): number | null {
  const amount = amountOf(text ?? '');
  return Number.isNaN(amount) ? null : amount;
}

export interface Use {
  readonly resource: string;
  readonly used: string;
  readonly hard: string;
  /** 0 to 1 and beyond; null where one side is no number. */
  readonly share: number | null;
}

/** The fullest first: that is the one that will refuse the next pod. */
export function usesOf(quota: { readonly hard: Readonly<Record<string, string>>; readonly used: Readonly<Record<string, string>> }): Use[] {
  return Object.entries(quota.hard)
    .map(([resource, hard]) => {
      const used = quota.used[resource] ?? '0';
      const [amount, limit] = [quantity(used), quantity(hard)];
      const share = amount === null || limit === null ? null : limit === 0 ? (amount > 0 ? 1 : 0) : amount / limit;
      return { resource, used, hard, share };
    })
    .sort((a, b) => (b.share ?? -1) - (a.share ?? -1) || (a.resource < b.resource ? -1 : 1));
}

const words: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  memory: 'Memory',
  pods: 'Pods',
  services: 'Services',
  'requests.cpu': 'CPU asked for',
  'requests.memory': 'Memory asked for',
  'requests.storage': 'Storage',
  'limits.cpu': 'CPU at most',
  'limits.memory': 'Memory at most',
};

export function resourceInWords(resource: string): string {
  return words[resource] ?? resource;
}
