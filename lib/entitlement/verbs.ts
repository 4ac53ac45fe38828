/**
 * Every verb that Kubernetes' RBAC knows, in words of its own. A role may hold these and `*`; a door limited by constrained impersonation is
 * granted them one by one, for the API server knows no wildcard there. A verb that stood in one place only would be a right that a role
 * promises and the door refuses.
 */
export const resourceVerbs: readonly string[] = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'approve',
  'attest',
  'bind',
  'escalate',
  'sign',
  'use',
];
export const urlVerbs: readonly string[] = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'];
