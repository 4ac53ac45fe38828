/** What an admitted exchange is, once it is open: which kind of stream, whose, where; and how screens and the audit log show it. */
import { setOf } from './namespace-watches.ts';
import type { Description } from './steps/describe.ts';
import type { Impersonated } from './steps/impersonate.ts';
import type { Stream, StreamFacts, StreamKind } from './streams.ts';

export function streamFacts(admitted: Impersonated): StreamFacts {
  const { person, credential, cluster, description } = admitted;
  return {
    kind: kindOf(admitted) ?? 'request',
    personId: person.id,
    personName: nameOf(person),
    directoryId: person.directoryId,
    credentialId: credential.id,
    clusterId: cluster.id,
    verb: description.verb,
    resource: description.resource,
    namespace: description.namespace,
    name: description.name,
    address: admitted.arrival.address,
    platformGroups: admitted.platformGroups,
    shownNamespaces: admitted.shownNamespaces === null || description.verb !== 'watch' ? null : setOf(admitted.shownNamespaces),
    freshnessBoundMs: admitted.freshnessBoundMs,
  };
}

/** Null for a request that ends by itself. */
export function kindOf({ headers, description, target }: Partial<Impersonated>): StreamKind | null {
  if (headers?.upgrade) return upgradeKind(description);
  if (description?.verb === 'watch') return 'watch';
  const follows = target?.query?.find(({ name }) => name === 'follow')?.value;
  const isFollowed = description?.subresource === 'log' && follows !== undefined && follows !== 'false' && follows !== '0';
  return isFollowed ? 'follow' : target?.tail == null ? null : 'proxied';
}

function upgradeKind(description: Description | undefined): StreamKind {
  const sub = description?.subresource;
  if (description?.verb === 'watch') return 'watch';
  return sub === 'exec' || sub === 'attach' || sub === 'portforward' ? sub : 'upgrade';
}

export function nameOf({ upn, displayName }: { upn: string | null; displayName: string }): string {
  return upn ?? displayName;
}

/** No name in Kubernetes is longer; who asks for a longer one is not to fill our heartbeats with it. */
const nameMax = 253;

/** A stream as screens and the audit log show it. */
export function shown(stream: Stream) {
  const { id, kind, personId, personName, credentialId, clusterId, verb, resource, namespace, name, address, openedAt } = stream;
  return {
    id,
    kind,
    personId,
    personName,
    credentialId,
    clusterId,
    verb,
    resource: resource.slice(0, nameMax),
    namespace: namespace.slice(0, nameMax),
    name: name.slice(0, nameMax),
    address,
    openedAt: openedAt.toISOString(),
  };
}
