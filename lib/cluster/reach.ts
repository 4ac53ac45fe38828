/**
 * Changing the way to a cluster that is registered: another address, name or proxy, an authority added or taken out, and the case that
 * another cluster answers there. Nothing is believed and nothing is accepted untried: the worker goes the new way with the new set of
 * authorities, and the same cluster (by the UID of kube-system) must answer it, or everything stays as it was.
 *
 * No certificate is ever taken over from a server that shows it: an authority comes from an administrator, or not at all.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#lib/db/database.ts';
import { fault } from '#lib/errors/fault.ts';
import { withAuthorities, withoutAuthority } from './authorities.ts';
import { createClusterClient } from './client.ts';
import { ClusterError, inPublicWords } from './cluster-error.ts';
import { addressOf, openReconcilerAccess, readTaken } from './data.ts';
import { countDoorsBehind } from './health-data.ts';
import { type Probe, probeCluster } from './probe.ts';
import { openAsNew, replaceAddress, takeAsNew } from './reach-mutations.ts';
import type { Registrar, Tell } from './register.ts';
import type { ReachChange } from './schema.ts';
import type { ClusterAddress } from './way.ts';

export interface ClusterToReach {
  readonly id: string;
  readonly name: string;
  readonly kubeSystemUid: string;
  readonly serverUrl: string;
  readonly serverName: string | null;
  readonly caPem: string;
  readonly proxyUrl: string | null;
}

/** After this a door that said nothing is dead, and serves nothing by its own lease. */
const doorsReadWithinMs = 12_000;

export async function changeReach(
  registrar: Registrar,
  cluster: ClusterToReach,
  change: ReachChange,
  askerId: string | null,
  tell: Tell,
): Promise<{ id: string; version: string }> {
  const before = addressOf(cluster);
  const after = changed(before, change, new Date());
  if (isSame(before, after))
    throw fault('bad-input', 'cluster.nothing-changes', 'Nothing of this is new: the cluster is reached this way already.');
  await tell('Trying it');
  const { kubeSystemUid, version } = await probeAt(registrar, cluster, after, change);
  if (kubeSystemUid !== cluster.kubeSystemUid)
    throw fault(
      'conflict',
      'cluster.another-cluster',
      `There answers another cluster than “${cluster.name}” (its kube-system has the UID ${kubeSystemUid}). Nothing was changed.`,
    );
  await replaceAddress(registrar.db, { cluster, before, after, version, askerId });
  return { id: cluster.id, version };
}

/** An administrator says: the cluster that answers here now is the right one. It must know our accounts; else it is repaired with a kubeconfig. */
export async function approveRebuilt(
  registrar: Registrar,
  cluster: ClusterToReach,
  approvedUid: string,
  askerId: string | null,
  tell: Tell,
): Promise<{ id: string; version: string }> {
  await tell('Asking who answers');
  const { kubeSystemUid, version } = await probeAt(registrar, cluster, addressOf(cluster), {});
  if (kubeSystemUid === cluster.kubeSystemUid)
    throw fault('conflict', 'cluster.not-rebuilt', 'The registered cluster answers, so there is nothing to approve.');
  await requireApproved(registrar.db, cluster, kubeSystemUid, approvedUid);
  await replaceCluster(registrar.db, cluster, { kubeSystemUid, version }, askerId, tell);
  await openAsNew(registrar.db, cluster.id);
  return { id: cluster.id, version };
}

/** What an administrator said yes to must be what answers, and no cluster that we know under another name. */
export async function requireApproved(
  db: Database,
  cluster: { id: string; name: string; kubeSystemUid: string },
  kubeSystemUid: string,
  approvedUid: string | undefined,
): Promise<void> {
  if (approvedUid === undefined)
    throw fault(
      'conflict',
      'cluster.rebuilt',
      `There answers another cluster than “${cluster.name}”: its kube-system has the UID ${kubeSystemUid}, not ${cluster.kubeSystemUid}. If it was rebuilt, confirm that it takes the old one’s place.`,
      { fields: { approveUid: kubeSystemUid } },
    );
  if (approvedUid !== kubeSystemUid)
    throw fault(
      'conflict',
      'cluster.rebuilt',
      `What answers has the UID ${kubeSystemUid}, which is not the one you confirmed. Look again before you confirm it.`,
      { fields: { approveUid: kubeSystemUid } },
    );
  const taken = await readTaken(db, { kubeSystemUid });
  if (taken) throw fault('conflict', 'cluster.already-registered', `This cluster is already registered, as “${taken.name}”.`);
}

/** The new one takes the old one's place and is closed until every door has ended what is open to the old one. */
export async function replaceCluster(
  db: Database,
  cluster: { id: string; name: string; kubeSystemUid: string },
  { kubeSystemUid, version }: Probe,
  askerId: string | null,
  tell: Tell,
): Promise<void> {
  await tell('Ending what is open to the old one');
  const seq = await takeAsNew(db, { cluster, kubeSystemUid, version, askerId });
  const deadline = performance.now() + doorsReadWithinMs;
  while ((await countDoorsBehind(db, seq)) > 0 && performance.now() < deadline) await sleep(100);
}

function changed(before: ClusterAddress, change: ReachChange, now: Date): ClusterAddress {
  const { serverUrl, serverName, proxyUrl, addAuthority, removeAuthority } = change;
  const left = removeAuthority === undefined ? before.caPem : withoutAuthority(before.caPem, removeAuthority);
  return {
    url: serverUrl === undefined ? before.url : serverUrl.replace(/\/+$/, ''),
    serverName: serverName === undefined ? before.serverName : serverName,
    proxyUrl: proxyUrl === undefined ? (before.proxyUrl ?? null) : proxyUrl,
    caPem: addAuthority === undefined ? left : withAuthorities(left, addAuthority, now),
  };
}

function isSame(a: ClusterAddress, b: ClusterAddress): boolean {
  return a.url === b.url && a.serverName === b.serverName && a.caPem === b.caPem && a.proxyUrl === b.proxyUrl;
}

async function probeAt(
  { db, openingKey }: Registrar,
  { id }: { id: string },
  address: ClusterAddress,
  change: ReachChange,
): Promise<Probe> {
  return inPublicWords(address, async () => {
    const { token } = await openReconcilerAccess(db, openingKey, id);
    const client = createClusterClient(address, { kind: 'token', token });
    try {
      return await probeCluster(client);
    } catch (error) {
      throw inWordsOf(change, error, address);
    } finally {
      await client.close();
    }
  });
}

function inWordsOf(change: ReachChange, error: unknown, { url }: ClusterAddress): unknown {
  if (!(error instanceof ClusterError)) return error;
  const options = { detail: error.message, cause: error };
  if (error.kind === 'untrusted' && change.removeAuthority !== undefined)
    return fault(
      'conflict',
      'cluster.authority-in-use',
      'Without this authority the certificate that the server shows now cannot be verified. Remove it once the server has a new one.',
      options,
    );
  if (error.kind === 'unauthorized' || error.kind === 'forbidden')
    return fault(
      'conflict',
      'cluster.accounts-unknown',
      `What answers at ${url} does not know our accounts, so it cannot show which cluster it is. Renew our accounts with a kubeconfig of an administrator there.`,
      options,
    );
  return error;
}
