/**
 * The roles that every installation has. They do not build on Kubernetes' own `edit` and `admin`: those let their holders mint a
 * service account's token, act as a service account and rewrite the fence around them. Ours hold no right that outlives its holder
 * (serviceaccounts/token, impersonate) and none over what fences them (network policies, quotas, limit ranges, roles, bindings,
 * namespaces); builtin-roles.test.ts proves it. Resources are listed one by one, never `*`: reading `*` would read secrets, and on older
 * servers getting `pods/*` opens a shell.
 */
import type { GrantPlace, PolicyRule, PortalPower } from './types.ts';

export interface BuiltinRole {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly grantableOn: readonly GrantPlace[];
  readonly rules: readonly PolicyRule[];
  readonly inherits: readonly string[];
  readonly portal: PortalPower | null;
}

export const platformAdminId = 'r-platform-admin';
export const auditorId = 'r-auditor';
export const viewerId = 'r-viewer';
export const operatorId = 'r-operator';
export const developerId = 'r-developer';
export const projectOwnerId = 'r-project-owner';

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];

const workloadsOfApps = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];
const workloadsOfBatch = ['cronjobs', 'jobs'];

/** What somebody sees who works in a namespace. */
const readWithinNamespace: readonly PolicyRule[] = [
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      'namespaces',
      'persistentvolumeclaims',
      'pods',
      'pods/log',
      'pods/status',
      'podtemplates',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'resourcequotas',
      'serviceaccounts',
      'services',
    ],
    verbs: read,
  },
  {
    apiGroups: ['apps'],
    resources: [
      'controllerrevisions',
      ...workloadsOfApps.flatMap((name) => (name === 'daemonsets' ? [name, `${name}/status`] : [name, `${name}/scale`, `${name}/status`])),
    ],
    verbs: read,
  },
  { apiGroups: ['batch'], resources: workloadsOfBatch.flatMap((name) => [name, `${name}/status`]), verbs: read },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], verbs: read },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingresses/status', 'networkpolicies'], verbs: read },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'], verbs: read },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: read },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: read },
];

/** What keeps running things running. Exec and its kin need `get` and, from 1.35 on, `create`. */
const operate: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['pods/attach', 'pods/exec', 'pods/portforward'], verbs: ['get', 'create'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'deletecollection'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: [''], resources: ['replicationcontrollers/scale'], verbs: ['update', 'patch'] },
  { apiGroups: ['apps'], resources: ['deployments/scale', 'replicasets/scale', 'statefulsets/scale'], verbs: ['update', 'patch'] },
];

const develop: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets'], verbs: read },
  {
    apiGroups: [''],
    resources: ['configmaps', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'secrets', 'services'],
    verbs: write,
  },
  { apiGroups: [''], resources: ['pods/ephemeralcontainers'], verbs: ['get', 'update', 'patch'] },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['apps'], resources: workloadsOfApps, verbs: write },
  { apiGroups: ['batch'], resources: workloadsOfBatch, verbs: write },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: write },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: write },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: write },
];

const own: readonly PolicyRule[] = [
  // An account, not its token: what it may do is decided by bindings, and those are not the owner's to write.
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: write },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...read, ...write] },
];

/** Everything that has no secret in it, of every API group that Kubernetes itself brings. Others are added by a role of one's own. */
const readWholeCluster: readonly PolicyRule[] = [
  ...readWithinNamespace.filter((rule) => !('apiGroups' in rule && rule.apiGroups.includes('metrics.k8s.io'))),
  {
    apiGroups: [''],
    resources: ['componentstatuses', 'nodes', 'nodes/status', 'persistentvolumes', 'persistentvolumes/status'],
    verbs: read,
  },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: [
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
      'mutatingwebhookconfigurations',
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
      'validatingwebhookconfigurations',
    ],
    verbs: read,
  },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
  { apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: read },
  { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests', 'clustertrustbundles'], verbs: read },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: read },
  { apiGroups: ['flowcontrol.apiserver.k8s.io'], resources: ['flowschemas', 'prioritylevelconfigurations'], verbs: read },
  { apiGroups: ['metrics.k8s.io'], resources: ['nodes', 'pods'], verbs: read },
  { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses', 'ipaddresses', 'servicecidrs'], verbs: read },
  { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], verbs: read },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
    verbs: read,
  },
  {
    apiGroups: ['resource.k8s.io'],
    resources: ['deviceclasses', 'resourceclaims', 'resourceclaimtemplates', 'resourceslices'],
    verbs: read,
  },
  { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: read },
  {
    apiGroups: ['storage.k8s.io'],
    resources: ['csidrivers', 'csinodes', 'csistoragecapacities', 'storageclasses', 'volumeattachments', 'volumeattributesclasses'],
    verbs: read,
  },
  { nonResourceURLs: ['/healthz', '/healthz/*', '/livez', '/livez/*', '/readyz', '/readyz/*', '/metrics', '/metrics/*'], verbs: ['get'] },
];

/**
 * Verbs by name rather than `*`: a literal `*` would also hold `impersonate`, and with it the constrained verbs by which somebody could
 * speak as another person around the door.
 */
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: [...read, ...write, 'approve', 'attest', 'bind', 'escalate', 'sign', 'use'] },
  { nonResourceURLs: ['*'], verbs: ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'] },
];

export const builtinRoles: readonly BuiltinRole[] = [
  {
    id: viewerId,
    name: 'viewer',
    title: 'Viewer',
    description: 'Sees workloads, their logs and events. No secrets, no shell, no change.',
    grantableOn: ['all', 'cluster', 'project', 'namespaces'],
    rules: readWithinNamespace,
    inherits: [],
    portal: null,
  },
  {
    id: operatorId,
    name: 'operator',
    title: 'Operator',
    description: 'Keeps running things running: a shell in pods, port-forwards, restarts and scaling. Changes no definition.',
    grantableOn: ['project', 'namespaces'],
    rules: operate,
    inherits: [viewerId],
    portal: null,
  },
  {
    id: developerId,
    name: 'developer',
    title: 'Developer',
    description:
      'Builds and runs applications: workloads, configuration, secrets, services and ingresses, with shell, logs and port-forwards.',
    grantableOn: ['project', 'namespaces'],
    rules: develop,
    inherits: [operatorId],
    portal: null,
  },
  {
    id: projectOwnerId,
    name: 'project-owner',
    title: 'Project owner',
    description: 'A developer who also looks after the project: sees its page, its members and quota, and manages its service accounts.',
    grantableOn: ['project'],
    rules: own,
    inherits: [developerId],
    portal: null,
  },
  {
    id: auditorId,
    name: 'auditor',
    title: 'Auditor',
    description: 'Reads everything but secrets, on every cluster and in the portal. Changes nothing.',
    grantableOn: ['all', 'cluster'],
    rules: readWholeCluster,
    inherits: [],
    portal: 'auditor',
  },
  {
    id: platformAdminId,
    name: 'platform-admin',
    title: 'Platform admin',
    description: 'May do everything on the clusters; granted on all clusters, also administers this platform.',
    grantableOn: ['all', 'cluster'],
    rules: everything,
    inherits: [],
    portal: 'admin',
  },
];
