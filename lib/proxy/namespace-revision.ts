/** At which revision a cluster stands: what it says of a list of namespaces that can hold none. */
import { z } from 'zod';
import { askCluster } from './ask-cluster.ts';
import type { Authorized } from './steps/authorize.ts';
import { matchesNothing } from './steps/own-namespaces.ts';

const path = `/api/v1/namespaces?limit=1&labelSelector=${encodeURIComponent(matchesNothing)}`;
const emptyList = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().regex(/^[0-9]{1,19}$/) }) });

export async function revisionOf(asked: Authorized, listsNamespaces: boolean, hands: Parameters<typeof askCluster>[2]): Promise<bigint> {
  const list = emptyList.parse(await askCluster(asked, { method: 'GET', path, listsNamespaces }, hands));
  return BigInt(list.metadata.resourceVersion);
}
