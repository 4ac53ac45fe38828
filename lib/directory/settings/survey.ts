/**
 * Goes round the domain controllers that settings name, or that DNS names for them: which answer, which do not and why, how far each is behind
 * the others, how its clock and its certificate stand. A refused sync account ends the round at once: asked of every one of them, a wrong
 * password would lock it.
 */
import { type Fault, fault } from '#lib/errors/fault.ts';
import { dateFromGeneralizedTime } from '../active-directory/time.ts';
import { readUpToDateVector, type UpToDateness } from '../active-directory/up-to-dateness.ts';
import { findControllers } from '../dns/discovery.ts';
import { type LdapConnection, LdapRefusal, openConnection } from '../ldap/connection.ts';
import { readIdentity, type ServerIdentity } from '../ldap/domain.ts';
import type { DirectoryInput } from '../schema.ts';
import { explainFailure } from '../sentences.ts';
import type { DirectorySettings } from '../types.ts';

export interface ControllerFinding {
  readonly url: string;
  readonly dnsHostName: string | null;
  readonly reached: boolean;
  /** Why it was not reached. */
  readonly why: string | null;
  /** At most so many changes of the others it does not know yet; null where it does not say. */
  readonly behind: number | null;
  /** Ahead of our clock, in seconds; behind it when negative. */
  readonly clockAheadSeconds: number | null;
  readonly certificateUntil: string | null;
}

export interface Surveyed {
  readonly url: string;
  readonly connection: LdapConnection;
  readonly identity: ServerIdentity;
}

export interface Survey {
  /** In order of preference. */
  readonly reached: readonly Surveyed[];
  readonly findings: readonly ControllerFinding[];
  /** Named by DNS outside the domain, and not asked. */
  readonly strangers: readonly string[];
  close(): void;
}

type Reach = Pick<DirectoryInput, 'urls' | 'find' | 'serverName' | 'caPem' | 'bindDn'>;

/** More are known by name, and not asked for a test. */
const askedAtMost = 8;
const patienceMs = 3_000;

export async function controllerUrlsOf({ urls, find, bindDn }: Pick<DirectorySettings, 'urls' | 'find' | 'bindDn'>) {
  return find ? findControllers(find, bindDn) : { urls, strangers: [] };
}

/** Whoever calls closes what was reached. Throws when nobody was. */
export async function survey(input: Reach, password: string): Promise<Survey> {
  const { urls, strangers } = await controllerUrlsOf(input);
  if (urls.length === 0) {
    const sentence = 'Enter the address of at least one domain controller.';
    throw fault('bad-input', 'directory.no-address', sentence, { fields: { urls: sentence } });
  }
  const asked = urls.slice(0, askedAtMost);
  const failures = new Map<string, Fault>();
  const reached: Surveyed[] = [];
  const ask = async (url: string) => {
    try {
      reached.push(await reach(input, url, password));
    } catch (error) {
      failures.set(url, explainFailure(error, url));
      if (error instanceof LdapRefusal) throw failures.get(url);
    }
  };
  try {
    // One after the other until the account has proved good, then all at once.
    const left = [...asked];
    while (left.length > 0 && reached.length === 0) await ask(left.shift() ?? '');
    await Promise.all(left.map(ask));
    const first = [...failures.values()][0];
    if (reached.length === 0 && first) throw first;
    reached.sort((one, other) => asked.indexOf(one.url) - asked.indexOf(other.url));
    return { reached, findings: await describe(asked, reached, failures), strangers, close: () => closeAll(reached) };
  } catch (error) {
    closeAll(reached);
    throw error;
  }
}

async function reach({ serverName, caPem, find, bindDn }: Reach, url: string, password: string): Promise<Surveyed> {
  const connection = await openConnection({ url, serverName, caPem, dnsServers: find?.dnsServers }, patienceMs);
  try {
    await connection.bind(bindDn, password);
    return { url, connection, identity: await readIdentity(connection) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function describe(
  urls: readonly string[],
  reached: readonly Surveyed[],
  failures: ReadonlyMap<string, Fault>,
): Promise<ControllerFinding[]> {
  const views = new Map(await Promise.all(reached.map(async (one) => [one.url, await viewOf(one)] as const)));
  return urls.map((url) => {
    const one = reached.find((surveyed) => surveyed.url === url);
    const view = views.get(url);
    if (!one || !view) {
      const why = failures.get(url)?.message ?? 'It was not asked.';
      return { url, dnsHostName: null, reached: false, why, behind: null, clockAheadSeconds: null, certificateUntil: null };
    }
    return {
      url,
      dnsHostName: one.identity.dnsHostName,
      reached: true,
      why: null,
      behind: view.vector && behindOthers(view.vector, one, reached),
      clockAheadSeconds: view.clockAheadSeconds,
      certificateUntil: one.connection.certificateUntil?.toISOString() ?? null,
    };
  });
}

/** USNs count more than what we look at: a number of changes at most. */
function behindOthers(vector: UpToDateness, one: Surveyed, all: readonly Surveyed[]): number {
  const gaps = all
    .filter(({ identity }) => identity.invocationId !== one.identity.invocationId)
    .map(({ identity }) => Number(identity.highestUsn - (vector.get(identity.invocationId)?.usn ?? 0n)));
  return Math.max(0, ...gaps);
}

async function viewOf({ connection, identity }: Surveyed): Promise<{ vector: UpToDateness | null; clockAheadSeconds: number | null }> {
  const anything = { scope: 'base', filter: '(objectClass=*)' } as const;
  try {
    const [root] = await connection.search({ ...anything, base: '', attributes: ['currentTime'] });
    const time = dateFromGeneralizedTime(root?.text('currentTime') ?? null);
    const [head] = await connection.search({ ...anything, base: identity.defaultNamingContext, attributes: ['replUpToDateVector'] });
    return {
      vector: readUpToDateVector(head?.bytes('replUpToDateVector') ?? null),
      clockAheadSeconds: time && Math.round((time.getTime() - Date.now()) / 1_000),
    };
  } catch {
    return { vector: null, clockAheadSeconds: null };
  }
}

function closeAll(reached: readonly Surveyed[]): void {
  for (const { connection } of reached) connection.close();
}

const certificateSoonDays = 30;
const clockOffSeconds = 60;
const behindChanges = 1_000;

/** What an admin should know of them before they are followed. */
export function hintsAbout({ findings, strangers }: Pick<Survey, 'findings' | 'strangers'>, now: Date): string[] {
  const nameOf = ({ url, dnsHostName }: ControllerFinding) => dnsHostName ?? url;
  const soon = now.getTime() + certificateSoonDays * 86_400_000;
  return [
    ...findings.flatMap((one) => (one.why === null ? [] : `${one.url} was not reached. ${one.why}`)),
    ...findings.flatMap((one) =>
      one.certificateUntil !== null && new Date(one.certificateUntil).getTime() < soon
        ? `The certificate of ${nameOf(one)} ends on ${one.certificateUntil.slice(0, 10)}. Without a new one it is not followed from then on.`
        : [],
    ),
    ...findings.flatMap((one) =>
      one.clockAheadSeconds !== null && Math.abs(one.clockAheadSeconds) > clockOffSeconds
        ? `The clock of ${nameOf(one)} is ${Math.abs(one.clockAheadSeconds)} seconds ${one.clockAheadSeconds > 0 ? 'ahead of' : 'behind'} ours.`
        : [],
    ),
    ...findings.flatMap((one) =>
      one.behind !== null && one.behind > behindChanges
        ? `${nameOf(one)} does not know up to ${one.behind.toLocaleString('en')} changes of the others yet. Check its replication.`
        : [],
    ),
    ...(strangers.length > 0 ? [`DNS also names ${strangers.slice(0, 3).join(', ')}: outside the domain, and not asked.`] : []),
  ];
}
