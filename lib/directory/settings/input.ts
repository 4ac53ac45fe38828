/** From saved settings to what an admin would enter to get them again, and a change of some of it laid over the rest. Pure. */
import type { DirectoryInput } from '../schema.ts';
import type { DirectorySettings } from '../types.ts';

export function inputOf(settings: DirectorySettings): DirectoryInput {
  const { urls, find, serverName, caPem, bindDn, scopeDns, peopleFilter, groupFilter, distributionGroups, sentinelPerson, sentinelGroup } =
    settings;
  return {
    urls: [...urls],
    find: find && { ...find, dnsServers: find.dnsServers && [...find.dnsServers] },
    serverName,
    caPem,
    bindDn,
    scopeDns: [...scopeDns],
    peopleFilter,
    groupFilter,
    distributionGroups: distributionGroups ?? 'shown',
    sentinelPerson: sentinelPerson?.name,
    sentinelGroup: sentinelGroup?.name,
  };
}

/** What is left out of the changes stays; an empty text takes away. */
export function withChanges(settings: DirectorySettings, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  // One way of finding them takes the place of the other.
  const other = changes.find ? { urls: [], serverName: undefined } : changes.urls ? { find: undefined } : {};
  return { ...inputOf(settings), ...other, ...Object.fromEntries(given) };
}

export interface SettingsChange {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** For the audit log: certificates are only told to be others. */
export function changesBetween(before: DirectorySettings, after: DirectorySettings): SettingsChange[] {
  const [one, other] = [inputOf(before), inputOf(after)] as const;
  const fields = Object.keys({ ...one, ...other }) as (keyof DirectoryInput)[];
  return fields
    .map((field) => ({ field, from: text(one[field]), to: text(other[field]) }))
    .filter(({ from, to }) => from !== to)
    .map((change) => (change.field === 'caPem' ? { field: 'caPem', from: null, to: 'another one' } : change));
}

function text(value: string | readonly string[] | DirectoryInput['find']): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string' && 'domain' in value) {
    const { domain, site, dnsServers = [] } = value;
    return [`DNS of ${domain}`, ...(site ? [`site ${site}`] : []), ...dnsServers].join('; ');
  }
  if (value.length === 0) return null;
  return typeof value === 'string' ? value : value.join('; ');
}
