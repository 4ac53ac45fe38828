/** What a domain controller says of itself and of its domain. */
import { PresenceFilter } from 'ldapts';
import { guidFromBytes } from '../active-directory/guid.ts';
import { sidFromBytes } from '../active-directory/sid.ts';
import { secondsFromInterval } from '../active-directory/time.ts';
import { type LdapConnection, LdapDoubt, LdapRefusal } from './connection.ts';
import { lockoutSecondsOf } from './password-policy.ts';

export interface ServerIdentity {
  readonly dnsHostName: string | null;
  readonly defaultNamingContext: string;
  readonly rootDomainNamingContext: string;
  readonly configurationNamingContext: string | null;
  /** Another one on the same host means that it was restored or rebuilt: what we remember of its USNs is void. */
  readonly invocationId: string;
  readonly highestUsn: bigint;
}

export interface DomainFacts {
  readonly domainSid: string | null;
  readonly netbios: string | null;
  readonly lockoutThreshold: number | null;
  readonly lockoutSeconds: number | null;
}

const anything = new PresenceFilter({ attribute: 'objectClass' });

/** The cheapest question there is: has anything happened? */
export async function highestUsn(connection: LdapConnection, timeoutMs: number): Promise<bigint> {
  const [root] = await connection.search({ base: '', scope: 'base', filter: anything, attributes: ['highestCommittedUSN'], timeoutMs });
  const usn = root?.text('highestCommittedUSN');
  if (!usn || !/^\d+$/.test(usn)) throw new LdapDoubt('the domain controller does not say its highest USN');
  return BigInt(usn);
}

export async function readIdentity(connection: LdapConnection): Promise<ServerIdentity> {
  const [root] = await connection.search({
    base: '',
    scope: 'base',
    filter: anything,
    attributes: [
      'dnsHostName',
      'defaultNamingContext',
      'rootDomainNamingContext',
      'configurationNamingContext',
      'dsServiceName',
      'highestCommittedUSN',
    ],
  });
  const context = root?.text('defaultNamingContext');
  const service = root?.text('dsServiceName');
  const usn = root?.text('highestCommittedUSN');
  if (!root || !context || !service || !usn) throw new LdapDoubt('this server does not describe itself as a domain controller');
  const [settings] = await connection.search({ base: service, scope: 'base', filter: anything, attributes: ['invocationId'] });
  const invocationId = settings?.bytes('invocationId');
  if (invocationId?.length !== 16) throw new LdapDoubt('the domain controller does not show its invocationId');
  return {
    dnsHostName: root.text('dnsHostName'),
    defaultNamingContext: context,
    rootDomainNamingContext: root.text('rootDomainNamingContext') ?? context,
    configurationNamingContext: root.text('configurationNamingContext'),
    invocationId: guidFromBytes(invocationId),
    highestUsn: BigInt(usn),
  };
}

export async function readDomain(
  connection: LdapConnection,
  { defaultNamingContext, configurationNamingContext }: ServerIdentity,
): Promise<DomainFacts> {
  const [domain] = await connection.search({
    base: defaultNamingContext,
    scope: 'base',
    filter: anything,
    attributes: ['objectSid', 'lockoutThreshold', 'lockOutObservationWindow', 'lockoutDuration'],
  });
  const sid = domain?.bytes('objectSid');
  const threshold = domain?.text('lockoutThreshold');
  const duration = secondsFromInterval(domain?.text('lockoutDuration') ?? null);
  const observation = secondsFromInterval(domain?.text('lockOutObservationWindow') ?? null);
  return {
    domainSid: sid ? sidFromBytes(sid) : null,
    netbios: await readNetbios(connection, defaultNamingContext, configurationNamingContext),
    lockoutThreshold: threshold && /^\d+$/.test(threshold) ? Number(threshold) : null,
    lockoutSeconds: lockoutSecondsOf(duration, observation),
  };
}

async function readNetbios(connection: LdapConnection, domainDn: string, configurationDn: string | null): Promise<string | null> {
  if (!configurationDn) return null;
  try {
    const partitions = await connection.search({
      base: `CN=Partitions,${configurationDn}`,
      scope: 'one',
      filter: '(nETBIOSName=*)',
      attributes: ['nETBIOSName', 'nCName'],
    });
    const own = partitions.find(
      (one) =>
        one
          .text('nCName')
          ?.replace(/^(<[^>]*>;)+/, '')
          .toLowerCase() === domainDn.replace(/^(<[^>]*>;)+/, '').toLowerCase(),
    );
    return own?.text('nETBIOSName') ?? null;
  } catch (error) {
    if (error instanceof LdapRefusal) return null;
    throw error;
  }
}
