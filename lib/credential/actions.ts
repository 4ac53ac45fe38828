import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { record } from '#lib/audit/record.ts';
import { changing } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { requireFreshFacts } from '#lib/entitlement/fresh-facts.ts';
import type { WorldCluster, WorldPerson } from '#lib/entitlement/types.ts';
import { fault } from '#lib/errors/fault.ts';
import { actorOf, type Viewer } from '#lib/session/viewer.ts';
import { credentialById, credentialsOf } from './data.ts';
import { issueCredential } from './issue.ts';
import { kubeconfig } from './kubeconfig.ts';
import { renameCredential, revokeCredential } from './mutations.ts';
import {
  createTokenInput,
  createTokenOutput,
  credentialIdInput,
  issueKubeconfigInput,
  kubeconfigOutput,
  personCredentialsInput,
  renamedOutput,
  renameInput,
  revokedOutput,
} from './schema.ts';

const deviceCookie = 'device';
const deviceIdShape = /^dv-[a-z2-9]{12}$/;
const deviceMemorySeconds = 400 * 24 * 60 * 60;

export const downloadKubeconfig = operation({
  id: 'credentials.kubeconfig',
  method: 'POST',
  path: '/credentials/kubeconfig',
  summary: 'A kubeconfig with all of one’s clusters; renews the credential of this device',
  allow: 'person',
  ofPerson: true,
  input: issueKubeconfigInput,
  output: kubeconfigOutput,
  status: 201,
  async run(context, viewer, { deviceName, days, readOnly, clusterIds, namespaces }) {
    const person = requireSignedIn(context, viewer);
    const clusters = clustersOf(context, person.id, clusterIds);
    if (clusters.length === 0) {
      throw fault(
        'forbidden',
        'credential.no-cluster',
        'You have no access to any cluster yet, so there is nothing a kubeconfig could open. Ask a platform admin for a grant.',
      );
    }
    const issued = await issueCredential(context.db, context.hashKey, {
      kind: 'kubeconfig',
      person: actorOf(viewer),
      deviceId: rememberedDevice(context),
      name: deviceName,
      days,
      readOnly,
      clusterIds: clusterIds ?? null,
      namespaces: namespaces ?? null,
      now: context.now,
    });
    const userName = person.upn ?? person.samAccountName;
    return {
      fileName: `gatehouse-${person.samAccountName.toLowerCase().replace(/[^a-z0-9.-]+/g, '-')}.yaml`,
      kubeconfig: kubeconfig({
        proxyUrl: context.config.proxyUrl,
        proxyCaPem: context.config.proxyCaPem,
        userName,
        token: issued.token,
        clusters: clusters.map(({ id, name }) => ({ name, namespace: firstNamespace(context, person.id, id, namespaces) })),
      }),
      credentialId: issued.id,
      expiresAt: issued.expiresAt.toISOString(),
      renewed: issued.renewed,
    };
  },
});

export const createToken = operation({
  id: 'credentials.createToken',
  method: 'POST',
  path: '/credentials/tokens',
  summary: 'An API token of one’s own, shown this once',
  allow: 'person',
  ofPerson: true,
  input: createTokenInput,
  output: createTokenOutput,
  status: 201,
  async run(context, viewer, { name, days, readOnly }) {
    requireSignedIn(context, viewer);
    const issued = await issueCredential(context.db, context.hashKey, {
      kind: 'api',
      person: actorOf(viewer),
      deviceId: null,
      name,
      days,
      readOnly,
      clusterIds: null,
      namespaces: null,
      now: context.now,
    });
    return { credentialId: issued.id, token: issued.token, expiresAt: issued.expiresAt.toISOString() };
  },
});

export const rename = operation({
  id: 'credentials.rename',
  method: 'PATCH',
  path: '/credentials/{id}',
  summary: 'Gives one of one’s credentials another name',
  allow: 'person',
  ofPerson: true,
  input: renameInput,
  output: renamedOutput,
  async run({ db }, viewer, { id, name }) {
    const former = await requireOwn(db, viewer, id);
    await changing(db, async (tx, touch) => {
      await renameCredential(tx, touch, id, name);
      await record(tx, {
        event: 'credential.renamed',
        actor: actorOf(viewer),
        subject: { kind: 'credential', id, name },
        detail: { from: former.name, to: name },
      });
    });
    return {};
  },
});

export const revokeOne = operation({
  id: 'credentials.revoke',
  method: 'DELETE',
  path: '/credentials/{id}',
  summary: 'Ends a credential at once, with everything it holds open; an admin may end anybody’s',
  allow: 'person',
  input: credentialIdInput,
  output: revokedOutput,
  async run(context, viewer, { id }) {
    const row = await credentialById(context.db.prisma, id);
    if (!row || (row.personId !== viewer.person.id && !viewer.powers.admin)) throw noSuchCredential();
    return { revoked: await revokeAll(context, viewer, [row]) };
  },
});

export const revokeAllOfPerson = operation({
  id: 'people.revokeCredentials',
  method: 'DELETE',
  path: '/people/{personId}/credentials',
  summary: 'Ends all credentials of a person at once; of oneself, or as an admin of anybody',
  allow: 'person',
  input: personCredentialsInput,
  output: revokedOutput,
  async run(context, viewer, { personId }) {
    if (personId !== viewer.person.id && !viewer.powers.admin) {
      throw fault('forbidden', 'credential.not-yours', 'Only a platform admin may end another person’s credentials.');
    }
    const living = (await credentialsOf(context.db.prisma, personId)).filter(
      ({ revokedAt, expiresAt }) => !revokedAt && expiresAt > context.now,
    );
    return { revoked: await revokeAll(context, viewer, living) };
  },
});

export const operations = [downloadKubeconfig, createToken, rename, revokeOne, revokeAllOfPerson];

/** A token must not mint what outlives it: new credentials come from a portal session alone, and on fresh facts. */
function requireSignedIn({ world, now }: PortalContext, viewer: Viewer): WorldPerson {
  if (viewer.via !== 'session') {
    throw fault('forbidden', 'credential.needs-session', 'A token cannot issue another credential. Sign in to the portal for that.');
  }
  const person = world.person(viewer.person.id);
  if (!person) throw fault('unauthenticated', 'session.required', 'Sign in first.');
  requireFreshFacts(world, person.id, now);
  return person;
}

/** The person's clusters by name, narrowed to those asked for. One that they may not reach is named as unknown: it may not even exist. */
function clustersOf({ world, now }: PortalContext, personId: string, only: readonly string[] | undefined): WorldCluster[] {
  const reachable = [...world.clusters()].filter(({ id }) => world.platformGroups(personId, id, now).length > 0);
  if (only) {
    const missing = only.find((id) => !reachable.some((cluster) => cluster.id === id));
    if (missing !== undefined) {
      throw fault('bad-input', 'credential.unknown-cluster', 'One of the clusters is not among yours.', {
        fields: { clusterIds: `“${missing}” is not one of your clusters.` },
      });
    }
  }
  return reachable.filter(({ id }) => !only || only.includes(id)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** With one namespace to work in, kubectl may as well start there; and a narrowed credential must start inside, for `default` is likely outside. */
function firstNamespace(
  { world, now }: PortalContext,
  personId: string,
  clusterId: string,
  narrowedTo: readonly string[] | undefined,
): string | undefined {
  const own = world.namespacesOf(personId, clusterId, now);
  if (narrowedTo) return narrowedTo.find((name) => own === 'all' || own.includes(name)) ?? narrowedTo[0];
  return own !== 'all' && own.length === 1 ? own[0] : undefined;
}

function rememberedDevice({ cookies }: PortalContext): string {
  const known = cookies.get(deviceCookie);
  const device = known && deviceIdShape.test(known) ? known : newId('dv');
  cookies.set(deviceCookie, device, deviceMemorySeconds);
  return device;
}

async function requireOwn(db: PortalContext['db'], viewer: Viewer, id: string) {
  const row = await credentialById(db.prisma, id);
  if (row?.personId !== viewer.person.id) throw noSuchCredential();
  return row;
}

async function revokeAll(
  { db, now }: PortalContext,
  viewer: Viewer,
  rows: readonly { id: string; name: string; personId: string }[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const reason = rows.every(({ personId }) => personId === viewer.person.id) ? 'revoked by its owner' : 'revoked by an admin';
  return changing(db, async (tx, touch) => {
    let revoked = 0;
    for (const { id, name, personId } of rows) {
      if (!(await revokeCredential(tx, touch, { id, personId, reason, at: now }))) continue;
      revoked += 1;
      await record(tx, {
        event: 'credential.revoked',
        actor: actorOf(viewer),
        subject: { kind: 'credential', id, name },
        detail: { reason, personId },
      });
    }
    return revoked;
  });
}

function noSuchCredential() {
  return fault('not-found', 'credential.unknown', 'There is no such credential of yours.');
}
