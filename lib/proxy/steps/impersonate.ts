/**
 * The head that goes upstream: our own credential, exactly the person, exactly their groups, one line each, and of the client's headers what
 * the allowlist let through. Fails closed on anything that could name somebody else; a request never goes out without these lines.
 */
import { namespaceListGroup } from '#lib/cluster/names.ts';
import type { WorldCluster } from '#lib/entitlement/types.ts';
import { brokenPromise, clusterUnavailable, tooManyGrants } from '../answers.ts';
import type { Desk } from '../desk.ts';
import type { Body } from './headers.ts';
import type { Scoped } from './own-namespaces.ts';
import { writeTarget } from './target.ts';

export interface Impersonated extends Scoped {
  readonly call: {
    readonly method: string;
    readonly path: string;
    /** Names and values in turn. */
    readonly headers: readonly string[];
  };
}

/** Each is a line of the head and a check in the cluster, at every request. */
const groupsMax = 500;

export async function impersonate(former: Scoped, { world, doorCredentials }: Desk): Promise<Impersonated> {
  const installation = world.installation.id;
  const groups = former.shownNamespaces === null ? former.platformGroups : [...former.platformGroups, namespaceListGroup(installation)];
  if (former.platformGroups.length > groupsMax) throw tooManyGrants(former.platformGroups.length, groupsMax);
  requireOurs(former.person.wireName, former.person.objectGuid, groups, installation);
  const token = await tokenFor(former.cluster.id, doorCredentials);
  const headers = [
    'Host',
    hostOf(former.cluster),
    'Authorization',
    `Bearer ${token}`,
    'Impersonate-User',
    former.person.wireName,
    'Impersonate-Uid',
    former.person.objectGuid,
    ...groups.flatMap((group) => ['Impersonate-Group', group]),
    'Impersonate-Group',
    'system:authenticated',
    'Audit-Id',
    former.arrival.id,
    ...former.headers.passed,
    ...framing(former.headers.body, former.arrival.method, former.headers.upgrade),
  ];
  return { ...former, call: { method: former.arrival.method, path: writeTarget(former.target), headers } };
}

function requireOurs(wireName: string, objectGuid: string, groups: readonly string[], installation: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,30}:[\x21-\x7e]{1,400}$/.test(wireName) || wireName.startsWith('system:'))
    throw brokenPromise('a wire name that is not ours');
  if (!/^[0-9a-f-]{36}$/i.test(objectGuid)) throw brokenPromise('an object GUID that is none');
  const ours = `gatehouse:${installation}:`;
  if (groups.some((group) => !group.startsWith(ours) || !/^[a-z0-9:-]+$/.test(group))) throw brokenPromise('a group that is not ours');
}

async function tokenFor(clusterId: string, doorCredentials: Desk['doorCredentials']): Promise<string> {
  try {
    return await doorCredentials.token(clusterId);
  } catch (error) {
    throw clusterUnavailable(error instanceof Error ? error.message : String(error));
  }
}

/** By cluster as the world holds it: a changed one is another object. */
const hosts = new WeakMap<WorldCluster, string>();

function hostOf(cluster: WorldCluster): string {
  const known = hosts.get(cluster);
  if (known !== undefined) return known;
  const { host } = new URL(cluster.serverUrl);
  hosts.set(cluster, host);
  return host;
}

function framing(body: Body, method: string, upgrade: Scoped['headers']['upgrade']): string[] {
  if (upgrade !== null)
    return [
      'Connection',
      'Upgrade',
      'Upgrade',
      upgrade === 'spdy' ? 'SPDY/3.1' : 'websocket',
      ...(method === 'POST' ? ['Content-Length', '0'] : []),
    ];
  if (body.kind === 'chunked') return ['Transfer-Encoding', 'chunked', 'Connection', 'keep-alive'];
  const length = body.kind === 'length' ? body.bytes : method === 'GET' || method === 'HEAD' ? null : '0';
  return [...(length === null ? [] : ['Content-Length', length]), 'Connection', 'keep-alive'];
}
