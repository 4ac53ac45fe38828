// What can be seen of clusters: for auditors and admins. Everything comes from Postgres, where the reconciler writes what it saw.

import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import {
  countEntries,
  countNamespaces,
  readClusterRow,
  readClusterRows,
  readCredentialAges,
  readEntries,
  readInvitation,
  readInvitationByCode,
  readNamespaces,
  readObservedObjects,
  readPerson,
  readProjectsOfNamespaces,
  readSelfTest,
  readStatusRow,
  readStatusRows,
} from './data.ts';
import { readHealthRow } from './health-data.ts';
import { hashOfCode, notInvited } from './invitation-code.ts';
import { type InvitationState, invitationOutput, invitationRef } from './invitation-schema.ts';
import { readContexts } from './kubeconfig.ts';
import { joinManifest } from './manifest.ts';
import { noSuchCluster } from './mutations.ts';
import { doorUser, reconcilerRights, reconcilerUser, systemRights } from './own-objects.ts';
import type { ImpersonationMode } from './powers.ts';
import { doorSentences, modeInWords } from './powers-in-words.ts';
import { powersInput, powersView } from './powers-schema.ts';
import { reachViewOf } from './reach-views.ts';
import {
  clusterDetail,
  clusterRef,
  clusterStatus,
  inspectInput,
  inspectOutput,
  listInput,
  listOutput,
  namespacesOutput,
  objectsOutput,
  type PlanStep,
} from './schema.ts';
import { namespaceViewOf, selfTestOf, statusOf, summaryOf } from './views.ts';

export const listClusters = operation({
  id: 'clusters.list',
  method: 'GET',
  path: '/clusters',
  summary: 'All clusters with their state and whether they are in step',
  allow: 'auditor',
  input: listInput,
  output: listOutput,
  async run({ db }, _viewer, { search, removed }) {
    const rows = (await readClusterRows(db, { removed })).filter((row) => matches(row, search));
    const [statuses, namespaces] = await Promise.all([
      readStatusRows(
        db,
        rows.map(({ id }) => id),
      ),
      countNamespaces(db),
    ]);
    const statusById = new Map(statuses.map((status) => [status.clusterId, status]));
    return { clusters: rows.map((row) => summaryOf(row, statusById.get(row.id), namespaces.get(row.id) ?? 0)) };
  },
});

export const getCluster = operation({
  id: 'clusters.get',
  method: 'GET',
  path: '/clusters/{id}',
  summary: 'One cluster',
  allow: 'auditor',
  input: clusterRef,
  output: clusterDetail,
  async run({ db, now }, _viewer, { id }) {
    const row = await requireCluster(db, id);
    const [status, namespaces, ages, entries, registrar, health] = await Promise.all([
      readStatusRow(db, id),
      countNamespaces(db),
      readCredentialAges(db, id),
      countEntries(db, id),
      row.registeredBy ? readPerson(db, row.registeredBy) : null,
      readHealthRow(db, id),
    ]);
    return {
      ...summaryOf(row, status ?? undefined, namespaces.get(id) ?? 0),
      ...reachViewOf(row, health, now),
      kubeSystemUid: row.kubeSystemUid,
      registeredBy: registrar ? { id: registrar.id, name: registrar.displayName } : null,
      doorCredential: ages.door,
      reconcileCredential: ages.reconciler,
      entries,
    };
  },
});

export const getClusterStatus = operation({
  id: 'clusters.status',
  method: 'GET',
  path: '/clusters/{id}/status',
  summary: 'Whether a cluster is in step, and what was done to bring it there',
  allow: 'auditor',
  input: clusterRef,
  output: clusterStatus,
  async run({ db }, _viewer, { id }) {
    await requireCluster(db, id);
    const status = await readStatusRow(db, id);
    return { ...statusOf(status ?? undefined), lastPlan: (status?.lastPlan ?? []) as unknown as PlanStep[] };
  },
});

export const listNamespaces = operation({
  id: 'clusters.namespaces',
  method: 'GET',
  path: '/clusters/{id}/namespaces',
  summary: 'The namespaces of a cluster, with project and quota',
  allow: 'auditor',
  input: clusterRef,
  output: namespacesOutput,
  async run({ db, world }, _viewer, { id }) {
    await requireCluster(db, id);
    const [rows, memberships] = await Promise.all([readNamespaces(db, id), readProjectsOfNamespaces(db, id)]);
    const projectOf = new Map(memberships.map(({ name, projectId }) => [name, world.project(projectId)]));
    return {
      namespaces: rows.map((row) => {
        const project = projectOf.get(row.name);
        return namespaceViewOf(row, project ? { id: project.id, name: project.name, title: project.title } : null);
      }),
    };
  },
});

export const listObjects = operation({
  id: 'clusters.objects',
  method: 'GET',
  path: '/clusters/{id}/objects',
  summary: 'Our objects in a cluster, as they were seen last',
  allow: 'auditor',
  input: clusterRef,
  output: objectsOutput,
  async run({ db }, _viewer, { id }) {
    await requireCluster(db, id);
    const rows = await readObservedObjects(db, id);
    return {
      objects: rows.map(({ kind, namespace, name, seenAt, body }) => ({ kind, namespace, name, seenAt, body, title: titleIn(body) })),
    };
  },
});

export const getClusterPowers = operation({
  id: 'clusters.powers',
  method: 'GET',
  path: '/clusters/{id}/powers',
  summary: 'What our two accounts may do in a cluster, as whom, in which mode, and what the last self-test found',
  allow: 'auditor',
  input: powersInput,
  output: powersView,
  async run({ db, world, now }, _viewer, { id, name, limit }) {
    const row = await requireCluster(db, id);
    const [status, tested, names] = await Promise.all([readStatusRow(db, id), readSelfTest(db, id), readEntries(db, id, { name, limit })]);
    const powers = (status?.powers ?? {}) as { groups?: string[]; people?: number; appliedAt?: string };
    const mode = row.mode as ImpersonationMode;
    const facts = { mode, strict: row.strict, people: powers.people ?? 0, groups: powers.groups ?? [] };
    return {
      strict: row.strict,
      mode,
      modeMeans: modeInWords(mode, row.strict, tested?.constrained ?? null),
      selfTest: tested && selfTestOf(tested),
      names,
      appliedAt: powers.appliedAt ?? null,
      door: {
        account: doorUser,
        people: row.strict ? facts.people : null,
        groups: facts.groups,
        sentences: doorSentences(world, id, now, facts),
      },
      reconciler: {
        account: reconcilerUser,
        sentences: [...reconcilerRights, ...systemRights].map(({ words }) => words).filter((words) => words !== ''),
      },
    };
  },
});

export const getInvitation = operation({
  id: 'clusters.invitation',
  method: 'GET',
  path: '/cluster-invitations/{id}',
  summary: 'How far a registration by kubectl apply has come',
  allow: 'setup',
  input: invitationRef,
  output: invitationOutput,
  async run({ db, now }, _viewer, { id }) {
    const row = await readInvitation(db, id);
    if (!row) throw notInvited();
    const over = row.state === 'waiting' && row.expiresAt <= now;
    return { ...row, state: over ? 'expired' : (row.state as InvitationState) };
  },
});

export const inspectKubeconfig = operation({
  id: 'clusters.inspect',
  method: 'POST',
  path: '/clusters/inspect',
  summary: 'The contexts of a pasted kubeconfig, and which of them can be used',
  allow: 'setup',
  input: inspectInput,
  output: inspectOutput,
  async run(_context, _viewer, { kubeconfig }) {
    const { current, contexts } = readContexts(kubeconfig);
    return { current, contexts: contexts.map((context) => ({ ...context, usable: context.refusal === null })) };
  },
});

/** The manifest behind the one line; whoever holds the code may read it, for it is what the code is for. */
export async function loadJoinManifest(
  { db, world, config, now, sealingKey }: Pick<PortalContext, 'db' | 'world' | 'config' | 'now' | 'sealingKey'>,
  code: string,
): Promise<string> {
  const invitation = await readInvitationByCode(db, Uint8Array.from(hashOfCode(code)));
  if (invitation?.state !== 'waiting' || invitation.expiresAt <= now) throw notInvited();
  return joinManifest({
    installationId: world.installation.id,
    invitationId: invitation.id,
    code,
    portalUrl: config.portalUrl,
    sealingKeyPem: sealingKey.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    image: invitation.image ?? config.joinImage ?? defaultJoinImage,
  });
}

const defaultJoinImage = 'docker.io/library/node:24-alpine';

export const operations = [
  listClusters,
  getCluster,
  getClusterStatus,
  listNamespaces,
  listObjects,
  getClusterPowers,
  getInvitation,
  inspectKubeconfig,
];

async function requireCluster(db: PortalContext['db'], id: string) {
  const row = await readClusterRow(db, id);
  if (!row) throw noSuchCluster();
  return row;
}

function matches(row: { name: string; title: string | null; labels: unknown }, search: string | undefined): boolean {
  if (!search) return true;
  const labels = Object.entries(row.labels as Record<string, string>).map(([key, value]) => `${key}=${value}`);
  const text = [row.name, row.title ?? '', ...labels].join(' ').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function titleIn(body: unknown): string | null {
  const annotations = (body as { metadata?: { annotations?: Record<string, string> } } | null)?.metadata?.annotations ?? {};
  const { 'gatehouse.io/role': role, 'gatehouse.io/scope': scope, 'gatehouse.io/project-name': project } = annotations;
  if (role && scope) return `${role} on ${scope}`;
  return role ?? (project ? `project ${project}` : null);
}
