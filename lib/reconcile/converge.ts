/**
 * One round: compile what should be, compare with what is, apply, and tell. It also keeps the list of people whose names the cluster knows:
 * a name is taken from the list before the cluster forgets it, and put on it only after the cluster has shown, to the door's own account,
 * that it will let that name through.
 */
import { type ClusterClient, createClusterClient } from '#lib/cluster/client.ts';
import { openDoorToken, type ReconcilerAccess } from '#lib/cluster/data.ts';
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { actingAs, countPeopleIn, groupNamesIn, type NamedPerson, wireNamesIn } from '#lib/cluster/powers.ts';
import type { StatusState } from '#lib/cluster/schema.ts';
import { eventually } from '#lib/cluster/self-test.ts';
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { type Lease, LeaseLost } from '#lib/db/lease.ts';
import type { EntitledPerson } from '#lib/entitlement/types.ts';
import type { World } from '#lib/entitlement/world.ts';
import type { Log } from '#lib/log/log.ts';
import { type Performed, perform } from './apply.ts';
import { readAcknowledged, readMended, readNamespaceRows, readObservedHashes } from './data.ts';
import { compileDesired } from './desired.ts';
import { type Accepted, acceptedOf, contentHash, diff, differs, keyOf, type Operation } from './diff.ts';
import type { Impersonation } from './impersonation.ts';
import { stableText } from './meaning.ts';
import type { Mirror } from './mirror.ts';
import { acknowledgeEntries, recordMending, withdrawEntries, writeNamespaces, writeObserved, writeSeq, writeStatus } from './mutations.ts';
import { changedSince, namespacePrint, namespaceRows, observedRows, placePrint } from './observed.ts';
import { planSteps } from './plan-steps.ts';

export interface ConvergenceOptions {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly log: Log;
  readonly clusterId: string;
  readonly lease: Lease;
  readonly client: ClusterClient;
  readonly mirror: Mirror;
  readonly access: ReconcilerAccess;
  readonly impersonation: Pick<Impersonation, 'wording' | 'mode'>;
}

export interface Convergence {
  /** True when the cluster is in step afterwards. */
  round(): Promise<boolean>;
}

export async function createConvergence(options: ConvergenceOptions): Promise<Convergence> {
  const { db, world, log, clusterId, lease, client, mirror } = options;
  const installationId = world.installation.id;
  /** What the server made of what we applied; and what we applied, so that a later difference is known to be somebody else's doing. */
  const accepted = new Map<string, Accepted>();
  const applied = new Map<string, string>();
  const written = await readWritten(db, clusterId);
  let { mended } = written;
  let told = '';
  let seqTold = -1n;
  let converged = false;

  async function round(): Promise<boolean> {
    const seq = world.seq;
    const now = new Date();
    const entitled = world.entitledPeople(clusterId, now);
    const formerNames = namesLeftBehind(written.acknowledged, entitled);
    const desired = compileDesired(world, clusterId, now, mirror.objects(), { wording: options.impersonation.wording(), formerNames });
    const plan = diff({ installationId, expected: desired.objects, existing: mirror.objects(), accepted: (key) => accepted.get(key) });
    const drifted = new Set(plan.filter(isDrift));
    const names = wireNamesIn(desired.doorPowers);
    await withdrawNames(names);
    if (plan.length > 0) await tell(seq, 'applying', `Bringing ${plan.length === 1 ? 'one object' : `${plan.length} objects`} in step`);
    const performed = await perform(client, plan, lease.isHeld);
    if (!lease.isHeld()) throw new LeaseLost(lease.name);
    for (const one of performed) takeIn(one);
    const failed = performed.filter(({ error }) => error !== null);
    const failedKeys = new Set(failed.map(({ operation }) => keyOf(operation)));
    remember(desired.objects.filter((object) => !failedKeys.has(keyOf(object))));
    await mend(performed.filter(({ operation, changed }) => changed && drifted.has(operation)));
    // Somebody's entry waits for the door's own powers, not for whatever else the cluster may refuse.
    const known = !desired.doorPowers.some((object) => failedKeys.has(keyOf(object))) && (await acknowledgeNames(names, entitled));
    const inStep = known && failed.length === 0;
    await writeWhatIsThere();
    await tellOutcome(seq, performed, failed, desired.doorPowers, inStep);
    converged ||= inStep;
    return inStep;
  }

  function takeIn({ operation, result, error }: Performed): void {
    const object = operation.expected ?? operation.existing;
    if (error || !object) return;
    if (result) mirror.put(result);
    else if (operation.existing) mirror.drop(operation.existing);
    if (result && operation.expected && differs(operation.expected, result))
      accepted.set(keyOf(object), acceptedOf(operation.expected, result));
  }

  function remember(objects: readonly KubeObject[]): void {
    applied.clear();
    for (const object of objects) applied.set(keyOf(object), contentHash(object));
  }

  /** Unchanged on our side since we were last in step, and yet not as we left it: somebody else was there. */
  function isDrift({ expected, existing }: Operation): boolean {
    if (!converged) return false;
    if (expected) return applied.get(keyOf(expected)) === contentHash(expected);
    return existing !== null && !applied.has(keyOf(existing));
  }

  async function mend(performed: readonly Performed[]): Promise<void> {
    if (performed.length === 0) return;
    mended += performed.length;
    const steps = planSteps(performed);
    log.warn({ cluster: clusterId, objects: steps.slice(0, 10).map(({ kind, name }) => `${kind} ${name}`) }, 'drift was mended');
    await recordMending(db, { cluster: { id: clusterId, name: world.cluster(clusterId)?.name ?? clusterId }, steps });
  }

  async function withdrawNames(names: ReadonlySet<string>): Promise<void> {
    const gone = [...written.acknowledged.keys()].filter((name) => !names.has(name));
    if (gone.length === 0) return;
    await withdrawEntries(db, lease, clusterId, gone);
    for (const name of gone) written.acknowledged.delete(name);
  }

  async function acknowledgeNames(names: ReadonlySet<string>, entitled: readonly EntitledPerson[]): Promise<boolean> {
    const people = entitled.filter(({ wireName }) => names.has(wireName) && !written.acknowledged.has(wireName));
    const [one] = people;
    if (!one) return true;
    // All new names came with the same objects: when the door may act as one of them, it may as all.
    if (!(await doorMayActAs(one.wireName))) return false;
    await acknowledgeEntries(db, lease, clusterId, people);
    for (const { wireName, personId } of people) written.acknowledged.set(wireName, personId);
    return true;
  }

  async function doorMayActAs(wireName: string): Promise<boolean> {
    const token = await openDoorToken(db, options.openingKey, clusterId);
    const door = createClusterClient(options.access.address, { kind: 'token', token });
    try {
      return await eventually(() => door.mayI(actingAs(options.impersonation.mode(), 'users', wireName)));
    } finally {
      await door.close();
    }
  }

  async function writeWhatIsThere(): Promise<void> {
    const objects = mirror.objects();
    const ours = changedSince(written.objects, observedRows(objects, installationId), ({ hash }) => hash);
    if (ours.put.length + ours.dropped.length > 0) {
      await writeObserved(db, lease, clusterId, { put: ours.put, drop: ours.dropped.map(partsOfKey) });
      for (const row of ours.put) written.objects.set(keyOf(row.body), row.hash);
      for (const key of ours.dropped) written.objects.delete(key);
    }
    const rows = namespaceRows(objects, installationId);
    const spaces = changedSince(written.namespaces, rows, namespacePrint);
    if (spaces.put.length + spaces.dropped.length === 0) return;
    const places = changedSince(written.places, rows, placePrint);
    const matters = places.put.length + places.dropped.length > 0;
    await writeNamespaces(db, lease, clusterId, { put: spaces.put, drop: spaces.dropped, matters });
    written.namespaces = new Map([...rows].map(([name, row]) => [name, namespacePrint(row)]));
    written.places = new Map([...rows].map(([name, row]) => [name, placePrint(row)]));
  }

  async function tellOutcome(
    seq: bigint,
    performed: readonly Performed[],
    failed: readonly Performed[],
    doorPowers: readonly KubeObject[],
    inStep: boolean,
  ): Promise<void> {
    const [first] = failed;
    const message = first
      ? `${failed.length} of ${performed.length} objects could not be applied: ${first.error?.message.slice(0, 300)}`
      : inStep
        ? null
        : 'The cluster does not let our door act by the new names yet.';
    const plan = performed.filter(({ changed, error }) => changed || error);
    await tell(seq, inStep ? 'in-step' : 'failed', message, plan, powersOf(doorPowers));
  }

  async function tell(
    seq: bigint,
    state: StatusState,
    message: string | null,
    plan: readonly Performed[] = [],
    powers?: Record<string, unknown>,
  ): Promise<void> {
    const objects = observedRows(mirror.objects(), installationId).size;
    const text = stableText({ state, message, objects, mended, powers });
    if (text === told && plan.length === 0) {
      if (seq !== seqTold) await writeSeq(db, lease, clusterId, seq, state === 'in-step');
    } else {
      await writeStatus(db, lease, clusterId, {
        state,
        message,
        desiredSeq: seq,
        objects,
        mended,
        ...(state === 'in-step' ? { convergedSeq: seq } : {}),
        ...(plan.length > 0 ? { lastPlan: planSteps(plan) } : {}),
        ...(powers ? { powers: { ...powers, appliedAt: new Date().toISOString() } } : {}),
      });
    }
    told = text;
    seqTold = seq;
  }

  return { round };
}

/** What Postgres has of this cluster already, so that only news is written. */
async function readWritten(db: Database, clusterId: string) {
  const [acknowledged, objects, rows, status] = await Promise.all([
    readAcknowledged(db, clusterId),
    readObservedHashes(db, clusterId),
    readNamespaceRows(db, clusterId),
    readMended(db, clusterId),
  ]);
  return {
    acknowledged,
    objects,
    namespaces: new Map(rows.map((row) => [row.name, namespacePrint(row)])),
    places: new Map(rows.map((row) => [row.name, placePrint(row)])),
    mended: status?.mended ?? 0,
  };
}

function powersOf(doorPowers: readonly KubeObject[]): Record<string, unknown> {
  return { groups: groupNamesIn(doorPowers), people: countPeopleIn(doorPowers) };
}

/** Names that people are known by there while their new ones are not yet: both are allowed until the cluster has confirmed the new one. */
function namesLeftBehind(acknowledged: ReadonlyMap<string, string>, entitled: readonly EntitledPerson[]): NamedPerson[] {
  const newcomers = new Map(entitled.filter(({ wireName }) => !acknowledged.has(wireName)).map((person) => [person.personId, person]));
  if (newcomers.size === 0) return [];
  const taken = new Set(entitled.map(({ wireName }) => wireName));
  return [...acknowledged].flatMap(([wireName, personId]) => {
    const person = newcomers.get(personId);
    return person && !taken.has(wireName) ? [{ wireName, objectGuid: person.objectGuid }] : [];
  });
}

function partsOfKey(key: string): { kind: string; namespace: string; name: string } {
  const [kind = '', place = ''] = key.split(' ');
  const slash = place.indexOf('/');
  return { kind, namespace: place.slice(0, slash), name: place.slice(slash + 1) };
}
