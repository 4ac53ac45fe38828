/** Who did what, as the API server saw it: all but the cluster's own parts, each request once more when it ends. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['system:apiserver', 'system:kube-controller-manager'] },
    { level: 'None', userGroups: ['system:nodes'] },
    { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*', '/openapi/*'], userGroups: ['system:masters'] },
    { level: 'Metadata' },
  ],
};
