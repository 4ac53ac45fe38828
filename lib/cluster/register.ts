/**
 * How a cluster becomes ours. Both ways end in the same few lines: two accounts stand in the cluster, each with a token; we have looked
 * that it is the cluster it says, that nobody registered it before, and that the accounts may do what they should and not more; then all
 * of it becomes rows in one transaction. Nothing is ever half registered: when something fails, what we made in the cluster is taken away
 * again, and there is no row.
 *
 * The pasted administrator's credential lives in this call alone. It is in no row, no log line and no error text.
 */
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { fault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import { type ClusterAddress, type ClusterAuth, type ClusterClient, createClusterClient, type IssuedToken } from './client.ts';
import { inPublicWords } from './cluster-error.ts';
import { readTaken } from './data.ts';
import type { KubeObject } from './kube-object.ts';
import { insertCluster, replaceAccess } from './mutations.ts';
import { nameTaken } from './name-taken.ts';
import { doorAccount, installationLabel, reconcilerAccount, systemNamespace, tokenLifetimeSeconds } from './names.ts';
import { accountObject, compileOwnObjects, systemNamespaceObject } from './own-objects.ts';
import { doorPowers } from './powers.ts';
import { type Probe, probeCluster } from './probe.ts';
import { replaceCluster, requireApproved } from './reach.ts';
import { requireRights } from './rights.ts';
import { sealingKeyOf, sealToken } from './sealed-token.ts';
import { eventually, proveAccounts, requireAsExpected } from './self-test.ts';

export interface Registrar {
  readonly db: Database;
  readonly openingKey: OpeningKey;
  readonly installationId: string;
  readonly log: Log;
}

export interface NewCluster {
  readonly name: string;
  readonly title: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly askerId: string | null;
  readonly invitationId?: string;
}

export interface Tokens {
  readonly door: IssuedToken;
  readonly reconciler: IssuedToken;
}

export type Tell = (text: string) => Promise<void>;

export interface Registered {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

/** The first way: with an administrator's credential, used once. */
export async function registerWithCredential(
  registrar: Registrar,
  wanted: NewCluster,
  address: ClusterAddress,
  auth: ClusterAuth,
  tell: Tell,
): Promise<Registered> {
  return inPublicWords(address, async () => {
    await requireNameFree(registrar, wanted.name);
    const admin = createClusterClient(address, auth);
    try {
      await tell('Reaching the API server');
      const probe = await probeCluster(admin);
      await requireNotRegistered(registrar, probe);
      await tell('Checking rights');
      await requireRights(admin);
      return await withAccounts(registrar, admin, tell, async (tokens) => finish(registrar, wanted, address, probe, tokens, tell));
    } finally {
      await admin.close();
    }
  });
}

/** The second way: the cluster's own Job made the accounts and delivered their tokens. */
export async function registerWithTokens(
  registrar: Registrar,
  wanted: NewCluster,
  address: ClusterAddress,
  delivered: { tokens: Tokens; kubeSystemUid: string },
  tell: Tell,
): Promise<Registered> {
  return inPublicWords(address, async () => {
    await requireNameFree(registrar, wanted.name);
    const client = createClusterClient(address, { kind: 'token', token: delivered.tokens.reconciler.token });
    try {
      await tell('Reaching the API server');
      const probe = await probeCluster(client);
      if (probe.kubeSystemUid !== delivered.kubeSystemUid) {
        throw fault(
          'conflict',
          'cluster.another-cluster',
          `At ${address.url} answers another cluster than the one the command was run in. Check the address and begin again.`,
        );
      }
      await requireNotRegistered(registrar, probe);
      return await finish(registrar, wanted, address, probe, delivered.tokens, tell);
    } finally {
      await client.close();
    }
  });
}

/**
 * New tokens for a cluster that we already have: after a long absence, or when somebody removed our accounts. It keeps its id, its name and
 * its grants. Another cluster takes its place only when an administrator said yes to exactly that one.
 */
export async function repairWithCredential(
  registrar: Registrar,
  cluster: { id: string; name: string; kubeSystemUid: string },
  address: ClusterAddress,
  auth: ClusterAuth,
  { askerId, approveUid }: { askerId: string | null; approveUid: string | undefined },
  tell: Tell,
): Promise<Registered> {
  return inPublicWords(address, async () => {
    const admin = createClusterClient(address, auth);
    try {
      await tell('Reaching the API server');
      const probe = await probeCluster(admin);
      const isRebuilt = probe.kubeSystemUid !== cluster.kubeSystemUid;
      if (isRebuilt) await requireApproved(registrar.db, cluster, probe.kubeSystemUid, approveUid);
      await tell('Checking rights');
      await requireRights(admin);
      return await withAccounts(registrar, admin, tell, async (tokens) => {
        // People may have rights there already, and with them the ceiling that reaches as far.
        await testAccounts(registrar, address, tokens, tell, { secretsWithinReach: true });
        if (isRebuilt) await replaceCluster(registrar.db, cluster, probe, askerId, tell);
        await replaceAccess(registrar.db, {
          id: cluster.id,
          address,
          version: probe.version,
          askerId,
          door: sealed(registrar, cluster.id, 'door', tokens.door),
          reconciler: sealed(registrar, cluster.id, 'reconciler', tokens.reconciler),
        });
        return { id: cluster.id, name: cluster.name, version: probe.version };
      });
    } finally {
      await admin.close();
    }
  });
}

async function finish(
  registrar: Registrar,
  wanted: NewCluster,
  address: ClusterAddress,
  probe: Probe,
  tokens: Tokens,
  tell: Tell,
): Promise<Registered> {
  await testAccounts(registrar, address, tokens, tell);
  const id = newId('c');
  await insertCluster(registrar.db, {
    ...wanted,
    id,
    address,
    ...probe,
    door: sealed(registrar, id, 'door', tokens.door),
    reconciler: sealed(registrar, id, 'reconciler', tokens.reconciler),
  });
  return { id, name: wanted.name, version: probe.version };
}

function sealed({ openingKey }: Registrar, clusterId: string, account: 'door' | 'reconciler', { token, expiresAt }: IssuedToken) {
  return { sealed: sealToken(sealingKeyOf(openingKey), clusterId, account, token), expiresAt };
}

async function testAccounts(
  { installationId }: Registrar,
  address: ClusterAddress,
  tokens: Tokens,
  tell: Tell,
  { secretsWithinReach } = { secretsWithinReach: false },
): Promise<void> {
  await tell('Testing what our accounts may do, and what not');
  const door = createClusterClient(address, { kind: 'token', token: tokens.door.token });
  const reconciler = createClusterClient(address, { kind: 'token', token: tokens.reconciler.token });
  try {
    // The classic wording is what every server knows; the reconciler goes on from here.
    requireAsExpected(await proveAccounts(door, reconciler, { installationId, mode: 'classic', strict: true, secretsWithinReach }));
  } finally {
    await Promise.all([door.close(), reconciler.close()]);
  }
}

/** Makes namespace, accounts and their RBAC, gets both tokens and hands them on; takes away what it made when anything fails. */
async function withAccounts<T>(
  { installationId, log }: Registrar,
  admin: ClusterClient,
  tell: Tell,
  use: (tokens: Tokens) => Promise<T>,
): Promise<T> {
  const made: KubeObject[] = [];
  const make = async (object: KubeObject) => {
    const { kind, metadata } = object;
    const before = await admin.get(kind, metadata.name, metadata.namespace);
    const after = await admin.apply(object);
    if (!before) made.push(after);
    return after;
  };
  try {
    await tell('Making two accounts and their roles');
    await requireOwnNamespace(admin, installationId);
    const namespace = await make(systemNamespaceObject(installationId));
    for (const account of [doorAccount, reconcilerAccount]) await make(accountObject(installationId, account));
    const powers = doorPowers({ installationId, strict: true, groups: [], people: [] });
    for (const object of [...compileOwnObjects(installationId, namespace.metadata.uid), ...powers]) await make(object);
    await tell('Getting their tokens');
    const [door, reconciler] = await Promise.all(
      [doorAccount, reconcilerAccount].map((account) => admin.requestToken(account, systemNamespace, tokenLifetimeSeconds)),
    );
    if (!door || !reconciler) throw new Error('two accounts, two tokens');
    return await use({ door, reconciler });
  } catch (error) {
    await takeAway(admin, made, log);
    throw error;
  }
}

async function takeAway(admin: ClusterClient, made: readonly KubeObject[], log: Log): Promise<void> {
  for (const { kind, metadata } of [...made].reverse()) {
    const { name, namespace, uid } = metadata;
    await admin.remove(kind, name, { ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}) }).catch((error: unknown) => {
      log.warn({ err: error, kind, object: name }, 'an object of a failed registration could not be taken away');
    });
  }
}

/** Our namespace may be there already, from a registration of ours; another installation's we leave alone. */
async function requireOwnNamespace(admin: ClusterClient, installationId: string): Promise<void> {
  const isSettled = async () => !(await admin.get('Namespace', systemNamespace))?.metadata.deletionTimestamp;
  if (!(await eventually(isSettled))) {
    throw fault(
      'conflict',
      'cluster.still-removing',
      `The namespace ${systemNamespace} of an earlier registration is still being removed in the cluster. Try again in a minute.`,
    );
  }
  const owner = (await admin.get('Namespace', systemNamespace))?.metadata.labels?.[installationLabel];
  if (owner !== undefined && owner !== installationId) {
    throw fault(
      'conflict',
      'cluster.other-installation',
      `This cluster already belongs to another Gatehouse installation (${owner.slice(0, 40)}). Remove it there first.`,
    );
  }
}

async function requireNameFree({ db }: Registrar, name: string): Promise<void> {
  const taken = await readTaken(db, { name });
  if (taken) throw nameTaken(name, taken.state === 'removed');
}

async function requireNotRegistered({ db }: Registrar, { kubeSystemUid }: Probe): Promise<void> {
  const taken = await readTaken(db, { kubeSystemUid });
  if (!taken) return;
  throw fault('conflict', 'cluster.already-registered', `This cluster is already registered, as “${taken.name}”.`);
}
