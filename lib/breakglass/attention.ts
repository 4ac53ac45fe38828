/** What administrators must hear of break-glass, wherever they look first. Pure. */
import type { AccountState } from './account-state.ts';

export interface BreakGlassSigns {
  readonly off: { readonly by: 'configuration' | 'admin' } | null;
  readonly setUp: boolean;
  readonly accounts: readonly { name: string; state: AccountState; usedAt: Date | null; madeBy: { name: string; left: boolean } }[];
  readonly alerts: readonly { kind: 'used' | 'refused'; account: string | null; lastAt: Date; times: number; address: string | null }[];
}

export interface BreakGlassAttention {
  readonly level: 'problem' | 'warning' | 'note';
  readonly text: string;
  readonly href: string;
  readonly since: string | null;
}

const href = '/admin/settings#break-glass';

export function ofBreakGlass({ off, setUp, accounts, alerts }: BreakGlassSigns): BreakGlassAttention[] {
  return [...alerts.map(ofAlert), ...(off ? [] : [...ofSetUp(setUp), ...accounts.flatMap(ofAccount)])];
}

function ofAlert({ kind, account, lastAt, times, address }: BreakGlassSigns['alerts'][number]): BreakGlassAttention {
  const from = address ? ` from ${address}` : '';
  const tries = times === 1 ? 'a try' : `${times.toLocaleString('en')} tries`;
  const text =
    kind === 'used'
      ? `The break-glass account ${account} was used${from}. Acknowledge it once you know by whom.`
      : `Break-glass refused ${tries} ${account ? `at ${account}` : 'at names that are no account'}, the last${from}.`;
  return { level: kind === 'used' ? 'problem' : 'warning', text, href, since: lastAt.toISOString() };
}

function ofSetUp(setUp: boolean): BreakGlassAttention[] {
  if (setUp) return [];
  return [
    {
      level: 'warning',
      text: 'Break-glass is not set up yet: while the directory cannot be reached, nobody can administer this platform.',
      href,
      since: null,
    },
  ];
}

function ofAccount({ name, state, usedAt, madeBy }: BreakGlassSigns['accounts'][number]): BreakGlassAttention[] {
  const since = usedAt?.toISOString() ?? null;
  if (state === 'used') return [{ level: 'warning', text: `The break-glass account ${name} was used: make it anew.`, href, since }];
  if (state === 'closed')
    return [{ level: 'warning', text: `The break-glass account ${name} was used and lets nobody in any more: make it anew.`, href, since }];
  if (madeBy.left)
    return [
      {
        level: 'warning',
        text: `${madeBy.name}, who made the break-glass account ${name}, is not here any more but may know its password: make it anew.`,
        href,
        since: null,
      },
    ];
  return [];
}
