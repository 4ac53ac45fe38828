/** Which cluster. Unknown, removed, and one where the person has no right now are told apart by nobody outside. */
import type { WorldCluster } from '#lib/entitlement/types.ts';
import { clusterRebuilt, noSuchCluster, noSuchPlace } from '../answers.ts';
import type { Desk } from '../desk.ts';
import type { Authenticated } from './authenticate.ts';

export interface Routed extends Authenticated {
  readonly cluster: WorldCluster;
  /** The groups with which we shall speak for the person there; never empty. */
  readonly platformGroups: readonly string[];
}

export function resolveCluster(former: Authenticated, { world, now }: Desk): Routed {
  const { clusterName } = former.target;
  if (clusterName === null) throw noSuchPlace();
  const cluster = world.clusterByName(clusterName);
  if (!cluster) throw noSuchCluster();
  const { clusterIds } = former.credential;
  if (clusterIds !== null && !clusterIds.includes(cluster.id)) throw noSuchCluster();
  const platformGroups = world.platformGroups(former.person.id, cluster.id, now());
  if (platformGroups.length === 0) throw noSuchCluster();
  // Another cluster behind the same address (its kube-system UID changed) gets nobody's credential until an admin has looked.
  if (cluster.state === 'wrong-cluster') throw clusterRebuilt(`${cluster.name}: kube-system is not ${cluster.kubeSystemUid}`);
  return { ...former, cluster, platformGroups };
}
