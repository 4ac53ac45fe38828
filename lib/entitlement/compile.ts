/**
 * From grants to RBAC: what one cluster must hold, as Kubernetes objects. Pure, sorted, readable.
 *
 * One ClusterRole a role that is in use there, and for each (scope, role) that somebody holds one binding to the one group that means this
 * pair: cluster-wide, or one RoleBinding in each namespace it reaches. Who carries the group is decided at the door for every request; so
 * a person who comes or goes changes nothing here, and nobody's name stands in a cluster's bindings.
 */
import { compileDoorOnly } from './compile-door-only.ts';
import { scopeInWords } from './scope.ts';
import type { KubeObject, PairInUse, World, WorldRole } from './types.ts';

const rbacVersion = 'rbac.authorization.k8s.io/v1';
const rbacGroup = 'rbac.authorization.k8s.io';

export function compileRoles(world: World, clusterId: string, now: Date): KubeObject[] {
  if (!world.cluster(clusterId)) return [];
  return compilePairs(world, world.pairsInUse(clusterId, now));
}

/** The same for any pairs: a preview compiles those that are with the one that would be. */
export function compilePairs(world: World, pairs: readonly PairInUse[]): KubeObject[] {
  const roles = new Map(pairs.map(({ role }) => [role.id, role]));
  const clusterRoles = [...roles.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((role) => clusterRoleOf(world, role));
  const fence = pairs.length > 0 ? compileDoorOnly(world.installation.id, ownerLabels(world)) : [];
  return [...fence, ...clusterRoles, ...pairs.flatMap((pair) => bindingsOf(world, pair))];
}

export function clusterRoleName(installationId: string, roleId: string): string {
  return `gatehouse:${installationId}:${roleId}`;
}

export function ownerLabels(world: World): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'gatehouse', 'gatehouse.io/installation': world.installation.id };
}

function clusterRoleOf(world: World, role: WorldRole): KubeObject {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRole',
    metadata: {
      name: clusterRoleName(world.installation.id, role.id),
      labels: ownerLabels(world),
      annotations: { 'gatehouse.io/role': role.name },
    },
    rules: world.effectiveRules(role.id),
  };
}

function bindingsOf(world: World, { group, scope, role, reach }: PairInUse): KubeObject[] {
  const metadata = {
    name: group,
    labels: ownerLabels(world),
    annotations: {
      'gatehouse.io/role': role.name,
      'gatehouse.io/scope': scopeInWords(scope, { cluster: (id) => world.cluster(id)?.name, project: (id) => world.project(id)?.name }),
    },
  };
  const rest = {
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: clusterRoleName(world.installation.id, role.id) },
    subjects: [{ kind: 'Group', apiGroup: rbacGroup, name: group }],
  };
  if (reach === 'cluster') return [{ apiVersion: rbacVersion, kind: 'ClusterRoleBinding', metadata, ...rest }];
  return reach.map((namespace) => ({ apiVersion: rbacVersion, kind: 'RoleBinding', metadata: { ...metadata, namespace }, ...rest }));
}
