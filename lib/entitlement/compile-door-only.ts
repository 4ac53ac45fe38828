import { platformAdminId } from './builtin-roles.ts';
import type { KubeObject } from './types.ts';

// A role that may write secrets could make a service account's token Secret, which opens the cluster without the door and outlives its
// maker. RBAC cannot tell one Secret from another; admission can. It looks only at requests that came through our door, by our groups.

const admissionVersion = 'admissionregistration.k8s.io/v1';

export function compileDoorOnly(installationId: string, labels: Readonly<Record<string, string>>): KubeObject[] {
  const name = `gatehouse-${installationId}-door-only`;
  const ours = `g.startsWith('gatehouse:${installationId}:')`;
  return [
    {
      apiVersion: admissionVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, labels },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['secrets'] },
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['serviceaccounts/token'] },
          ],
        },
        matchConditions: [
          { name: 'came-through-the-door', expression: `request.userInfo.groups.exists(g, ${ours})` },
          { name: 'is-no-platform-admin', expression: `!request.userInfo.groups.exists(g, ${ours} && g.endsWith(':${platformAdminId}'))` },
        ],
        validations: [
          {
            expression: "request.resource.resource != 'serviceaccounts' || request.subResource != 'token'",
            message: 'A token of a service account would outlive your own access; ask a platform admin for one.',
            reason: 'Forbidden',
          },
          {
            expression:
              "request.resource.resource != 'secrets' || !has(object.type) || object.type != 'kubernetes.io/service-account-token'",
            message: 'A Secret of type kubernetes.io/service-account-token would outlive your own access; ask a platform admin for one.',
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion: admissionVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name, labels },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}
