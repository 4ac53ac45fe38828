/**
 * The manifest of the one `kubectl apply`: namespace, the two accounts with their RBAC, and a Job that joins. Pure.
 * Built as objects and printed by the YAML library alone, so that no name or label can add a line, let alone an object.
 */
import { stringify } from 'yaml';
import { joinScript } from './join-script.ts';
import type { KubeObject } from './kube-object.ts';
import { doorAccount, joinAccount, joinJobName, ownerLabels, reconcilerAccount, systemNamespace, tokenLifetimeSeconds } from './names.ts';
import { accountObject, accountSubject, bindClusterRole, clusterRole, compileOwnObjects, systemNamespaceObject } from './own-objects.ts';
import { doorPowers } from './powers.ts';

export interface Joining {
  readonly installationId: string;
  readonly invitationId: string;
  /** The one-time code, known to whoever may read this manifest. */
  readonly code: string;
  readonly portalUrl: string;
  readonly sealingKeyPem: string;
  /** Anything with `node` on its PATH. */
  readonly image: string;
}

const clearAwayAfterSeconds = 600;

export function joinManifest(joining: Joining): string {
  return joinObjects(joining)
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

export function joinObjects(joining: Joining): KubeObject[] {
  const { installationId } = joining;
  const labels = ownerLabels(installationId);
  return [
    systemNamespaceObject(installationId),
    accountObject(installationId, doorAccount),
    accountObject(installationId, reconcilerAccount),
    ...compileOwnObjects(installationId),
    ...doorPowers({ installationId, strict: true, groups: [], people: [] }),
    ...joinerRights(installationId),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: joinAccount, namespace: systemNamespace, labels },
      stringData: { 'join.mjs': joinScript, 'settings.json': JSON.stringify(settingsOf(joining)) },
    },
    joinJob(joining.image, joining.invitationId, labels),
  ];
}

function settingsOf({ invitationId, code, portalUrl, sealingKeyPem }: Joining) {
  return {
    invitation: invitationId,
    code,
    portal: portalUrl,
    sealingKey: sealingKeyPem,
    namespace: systemNamespace,
    doorAccount,
    reconcilerAccount,
    tokenSeconds: tokenLifetimeSeconds,
  };
}

/** What the Job itself may do: ask both tokens and read one namespace, until the reconciler takes it away. */
function joinerRights(installationId: string): KubeObject[] {
  const labels = ownerLabels(installationId);
  const clusterWide = { name: `gatehouse:${installationId}:join`, labels };
  const inSystem = { name: joinAccount, namespace: systemNamespace, labels };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inSystem },
    clusterRole(clusterWide, [{ apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] }]),
    bindClusterRole(clusterWide, clusterWide.name, accountSubject(joinAccount)),
    {
      ...rbac,
      kind: 'Role',
      metadata: inSystem,
      rules: [
        { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [doorAccount, reconcilerAccount], verbs: ['create'] },
      ],
    },
    {
      ...rbac,
      kind: 'RoleBinding',
      metadata: inSystem,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: joinAccount },
      subjects: [accountSubject(joinAccount)],
    },
  ];
}

function joinJob(image: string, invitationId: string, labels: Record<string, string>): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: joinJobName(invitationId), namespace: systemNamespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 300,
      ttlSecondsAfterFinished: clearAwayAfterSeconds,
      template: {
        metadata: { labels: { ...labels, 'gatehouse.io/invitation': invitationId } },
        spec: {
          serviceAccountName: joinAccount,
          restartPolicy: 'Never',
          securityContext: { runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'join',
              image,
              command: ['node', '/gatehouse/join.mjs'],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
              volumeMounts: [{ name: 'join', mountPath: '/gatehouse', readOnly: true }],
            },
          ],
          volumes: [{ name: 'join', secret: { secretName: joinAccount } }],
        },
      },
    },
  };
}
