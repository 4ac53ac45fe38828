/**
 * From projects to fences: the namespaces of a project on one cluster, with quota, default limits, Pod Security and isolation. Pure.
 *
 * What fences a project's members is written by us alone and is put back when it drifts; members hold no right over any of it. An adopted
 * namespace keeps what is its own: server-side apply adds our labels and objects beside it. A namespace is never deleted by us, made or
 * adopted; taken out of a project, it loses our labels and our fence, and what runs in it stays.
 */
import { ownerLabels } from '#lib/entitlement/compile.ts';
import type { ContainerLimits, KubeObject, Labels, World, WorldProject, WorldProjectNamespace } from '#lib/entitlement/types.ts';

export const projectLabel = 'gatehouse.io/project';

const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** A quota on cpu or memory makes every pod say what it wants; those that do not say get this. */
const limitsBesideQuota: ContainerLimits = { requestCpu: '50m', requestMemory: '64Mi', defaultCpu: '500m', defaultMemory: '256Mi' };

export function compileProjects(world: World, clusterId: string): KubeObject[] {
  const standing = world.namespaces(clusterId);
  return [...world.projectNamespaces(clusterId)]
    .filter(({ name, origin }) => isOursToFence(origin, standing.get(name)?.phase))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((row) => {
      const project = world.project(row.projectId);
      return project ? compileNamespace(world, project, row) : [];
    });
}

/** An adopted namespace that is gone is not made anew, and one on its way out takes nothing new. */
function isOursToFence(origin: WorldProjectNamespace['origin'], phase: string | undefined): boolean {
  return phase === undefined ? origin === 'created' : phase !== 'Terminating';
}

function compileNamespace(world: World, project: WorldProject, { name }: WorldProjectNamespace): KubeObject[] {
  const labels = { ...ownerLabels(world), [projectLabel]: project.id };
  const annotations = { 'gatehouse.io/project-name': project.name };
  const inside = (object: string) => ({ name: object, namespace: name, labels, annotations });
  const limits = limitsOf(project);
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...labels, ...podSecurityLabels(project) }, annotations },
    },
    ...(project.quota
      ? [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: inside('gatehouse-quota'), spec: { hard: project.quota } }]
      : []),
    ...(limits
      ? [{ apiVersion: 'v1', kind: 'LimitRange', metadata: inside('gatehouse-limits'), spec: { limits: [limitRangeItem(limits)] } }]
      : []),
    ...(project.isolated ? fence(project, inside) : []),
  ];
}

function podSecurityLabels({ podSecurity }: WorldProject): Labels {
  return Object.fromEntries(['audit', 'enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, podSecurity]));
}

function limitsOf({ quota, limits }: WorldProject): ContainerLimits | null {
  const countsResources = Object.keys(quota ?? {}).some((name) => /(^|\.)(cpu|memory)$/.test(name));
  if (!countsResources) return limits;
  return {
    ...limits,
    ...filled('Cpu', limits ?? {}),
    ...filled('Memory', limits ?? {}),
  };
}

/** Never beside what the project says: a default above its maximum, or a request above its default, is an object that no server takes. */
function filled(kind: 'Cpu' | 'Memory', limits: ContainerLimits): ContainerLimits {
  const [byDefault, request, max] = [limits[`default${kind}`], limits[`request${kind}`], limits[`max${kind}`]];
  if (byDefault || max) return { [`default${kind}`]: byDefault ?? max };
  if (request) return { [`default${kind}`]: request };
  return { [`default${kind}`]: limitsBesideQuota[`default${kind}`], [`request${kind}`]: limitsBesideQuota[`request${kind}`] };
}

function limitRangeItem({ defaultCpu, defaultMemory, requestCpu, requestMemory, maxCpu, maxMemory }: ContainerLimits): object {
  const amounts = (cpu: string | undefined, memory: string | undefined) =>
    cpu || memory ? { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) } : undefined;
  const [byDefault, request, max] = [amounts(defaultCpu, defaultMemory), amounts(requestCpu, requestMemory), amounts(maxCpu, maxMemory)];
  return {
    type: 'Container',
    ...(byDefault ? { default: byDefault } : {}),
    ...(request ? { defaultRequest: request } : {}),
    ...(max ? { max } : {}),
  };
}

type Metadata = KubeObject['metadata'];

/** Nothing in or out but inside the project, to DNS and to the API server. Policies add up: each opens one thing, the first closes all. */
function fence(project: WorldProject, inside: (name: string) => Metadata): KubeObject[] {
  const everyPod = {};
  const sameProject = { namespaceSelector: { matchLabels: { [projectLabel]: project.id } } };
  const dns = { namespaceSelector: { matchLabels: { [namespaceNameLabel]: 'kube-system' } } };
  const policy = (name: string, spec: object): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: inside(name),
    spec: { podSelector: everyPod, ...spec },
  });
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  return [
    policy('gatehouse-closed', { policyTypes: ['Ingress', 'Egress'] }),
    policy('gatehouse-inside', { policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [sameProject] }], egress: [{ to: [sameProject] }] }),
    policy('gatehouse-dns', { policyTypes: ['Egress'], egress: [{ to: [dns], ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }] }),
    // The API server's address as pods see it is each network plugin's own affair, so this opens its ports rather than its address. To other
    // projects it opens nothing: their own fence lets nobody in.
    policy('gatehouse-api-server', { policyTypes: ['Egress'], egress: [{ ports: [tcp(443), tcp(6443)] }] }),
  ];
}
