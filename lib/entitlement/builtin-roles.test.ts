import { describe, expect, it } from 'vitest';
import { auditorId, builtinRoles, developerId, operatorId, platformAdminId, projectOwnerId, viewerId } from './builtin-roles.ts';
import { requireSoundRules } from './check-rules.ts';
import { permits } from './rules.ts';
import { testWorld } from './testing.ts';

const world = testWorld({});
const may = (roleId: string, verb: string, resource: string, apiGroup = '', name?: string) =>
  world.effectiveRules(roleId).some((rule) => permits(rule, { verb, apiGroup, resource, name }));

const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const everyVerb = ['get', 'list', 'watch', ...writing, 'bind', 'escalate', 'impersonate', 'use', 'approve', 'sign'];
const projectRoles = [viewerId, operatorId, developerId, projectOwnerId];

describe('no built-in role but platform-admin', () => {
  const others = builtinRoles.map(({ id }) => id).filter((id) => id !== platformAdminId);

  it.each(others)('%s can mint a credential: no service account token, no impersonation, no signing of certificates', (id) => {
    for (const verb of everyVerb) expect(may(id, verb, 'serviceaccounts/token'), verb).toBe(false);
    for (const resource of ['users', 'groups', 'serviceaccounts', 'uids']) {
      expect(may(id, 'impersonate', resource), resource).toBe(false);
      expect(may(id, 'impersonate', resource, 'authentication.k8s.io'), resource).toBe(false);
    }
    expect(may(id, 'create', 'certificatesigningrequests', 'certificates.k8s.io')).toBe(false);
    expect(may(id, 'update', 'certificatesigningrequests/approval', 'certificates.k8s.io')).toBe(false);
  });

  it.each(others)('%s can change what fences it', (id) => {
    for (const verb of [...writing, 'bind', 'escalate']) {
      for (const resource of ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'])
        expect(may(id, verb, resource, 'rbac.authorization.k8s.io'), `${verb} ${resource}`).toBe(false);
      expect(may(id, verb, 'networkpolicies', 'networking.k8s.io'), verb).toBe(false);
      for (const resource of ['resourcequotas', 'limitranges', 'namespaces', 'namespaces/finalize', 'namespaces/status'])
        expect(may(id, verb, resource), `${verb} ${resource}`).toBe(false);
      for (const resource of ['validatingadmissionpolicies', 'validatingwebhookconfigurations', 'mutatingwebhookconfigurations'])
        expect(may(id, verb, resource, 'admissionregistration.k8s.io'), `${verb} ${resource}`).toBe(false);
    }
  });

  it.each(others)('%s reaches around the API server by a proxy (SECURITY 15)', (id) => {
    for (const verb of everyVerb)
      for (const resource of ['nodes/proxy', 'pods/proxy', 'services/proxy'])
        expect(may(id, verb, resource), `${verb} ${resource}`).toBe(false);
  });

  it.each(others)('%s names a verb, group or resource by a wildcard (SECURITY 15)', (id) => {
    for (const rule of world.effectiveRules(id)) {
      if ('nonResourceURLs' in rule) continue;
      expect(rule.verbs).not.toContain('*');
      expect(rule.apiGroups).not.toContain('*');
      expect(rule.resources.filter((resource) => resource.includes('*'))).toEqual([]);
    }
  });
});

describe('those who only look', () => {
  it.each([viewerId, auditorId])('%s changes nothing, reads no secret and opens no shell, on old servers and new (SECURITY 15)', (id) => {
    for (const rule of world.effectiveRules(id)) for (const verb of rule.verbs) expect(['get', 'list', 'watch']).toContain(verb);
    for (const verb of everyVerb) {
      expect(may(id, verb, 'secrets'), verb).toBe(false);
      for (const resource of ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/ephemeralcontainers'])
        expect(may(id, verb, resource), `${verb} ${resource}`).toBe(false);
    }
  });

  it('the auditor reads what an audit asks for, all over the cluster', () => {
    for (const [resource, group] of [
      ['pods', ''],
      ['pods/log', ''],
      ['nodes', ''],
      ['namespaces', ''],
      ['deployments', 'apps'],
      ['clusterrolebindings', 'rbac.authorization.k8s.io'],
      ['networkpolicies', 'networking.k8s.io'],
      ['customresourcedefinitions', 'apiextensions.k8s.io'],
    ] as const)
      expect(may(auditorId, 'list', resource, group), resource).toBe(true);
  });
});

describe('those who work', () => {
  it('a developer runs applications, with logs, shell, port-forward and copy', () => {
    for (const verb of ['create', 'patch', 'delete']) {
      expect(may(developerId, verb, 'deployments', 'apps')).toBe(true);
      expect(may(developerId, verb, 'configmaps')).toBe(true);
      expect(may(developerId, verb, 'services')).toBe(true);
    }
    expect(may(developerId, 'get', 'pods/log')).toBe(true);
    for (const verb of ['get', 'create'])
      for (const resource of ['pods/exec', 'pods/attach', 'pods/portforward']) expect(may(developerId, verb, resource)).toBe(true);
  });

  it('an operator restarts and scales but defines nothing', () => {
    expect(may(operatorId, 'create', 'pods/exec')).toBe(true);
    expect(may(operatorId, 'patch', 'deployments/scale', 'apps')).toBe(true);
    expect(may(operatorId, 'delete', 'pods')).toBe(true);
    expect(may(operatorId, 'create', 'pods')).toBe(false);
    expect(may(operatorId, 'patch', 'deployments', 'apps')).toBe(false);
    expect(may(operatorId, 'get', 'secrets')).toBe(false);
  });

  it('everybody who works in a namespace may get that namespace', () => {
    for (const id of projectRoles) expect(may(id, 'get', 'namespaces', '', 'shop')).toBe(true);
  });

  it('roles that could reach into kube-system are granted on projects and namespaces only', () => {
    for (const { id, grantableOn } of builtinRoles)
      if ([operatorId, developerId, projectOwnerId].includes(id))
        expect(grantableOn.filter((place) => place === 'all' || place === 'cluster')).toEqual([]);
  });
});

it('the platform admin may do everything by named verbs, but be nobody else', () => {
  for (const verb of everyVerb.filter((name) => name !== 'impersonate'))
    expect(may(platformAdminId, verb, 'anything', 'of.any.group')).toBe(true);
  expect(may(platformAdminId, 'impersonate', 'users')).toBe(false);
});

it('every built-in role passes the checks that a role of one’s own must pass', () => {
  for (const { rules, grantableOn } of builtinRoles) expect(() => requireSoundRules(rules, grantableOn)).not.toThrow();
});
