// A world made by hand, for pure tests: a few people, groups and clusters by name, with everything else as a real one would have it.
import { builtinRoles } from './builtin-roles.ts';
import type {
  Labels,
  World,
  WorldBinding,
  WorldCluster,
  WorldGroup,
  WorldNamespace,
  WorldPerson,
  WorldProject,
  WorldProjectNamespace,
  WorldRole,
  WorldRows,
  WorldScope,
} from './types.ts';
import { createWorld } from './world.ts';

export const testNow = new Date('2026-11-23T12:00:00Z');

export function testWorld(rows: Partial<WorldRows>): World {
  return createWorld({
    seq: 1n,
    installation: { id: 'i-test' },
    directories: [{ id: 'd-corp', domain: 'corp.example', lockoutWindowSeconds: 1800 }],
    controllers: [],
    people: [],
    groups: [],
    memberships: [],
    roles: testRoles,
    scopes: [],
    bindings: [],
    clusters: [],
    namespaces: [],
    entries: [],
    projects: [],
    projectNamespaces: [],
    credentials: [],
    ...rows,
  });
}

export const testRoles: readonly WorldRole[] = builtinRoles.map((role) => ({ ...role, builtin: true, version: 1 }));

export function testPerson(name: string, fields: Partial<WorldPerson> = {}): WorldPerson {
  return {
    id: `p-${name}`,
    forestId: 'f-corp',
    directoryId: 'd-corp',
    objectGuid: `guid-${name}`,
    wireName: `gatehouse:${name}@corp.example`,
    displayName: name,
    samAccountName: name,
    upn: `${name}@corp.example`,
    mail: null,
    department: null,
    state: 'enabled',
    disabled: false,
    accountExpiresAt: null,
    lockoutAt: null,
    logonHours: null,
    deleted: false,
    outOfScope: false,
    cut: false,
    ...fields,
  };
}

export function testGroup(name: string, fields: Partial<WorldGroup> = {}): WorldGroup {
  return {
    id: `g-${name}`,
    forestId: 'f-corp',
    directoryId: 'd-corp',
    objectGuid: `guid-${name}`,
    name,
    samAccountName: name,
    security: true,
    deleted: false,
    ...fields,
  };
}

export function testCluster(name: string, labels: Labels = {}): WorldCluster {
  return {
    id: `c-${name}`,
    name,
    title: null,
    labels,
    serverUrl: `https://${name}.example:6443`,
    serverName: null,
    caPem: '',
    proxyUrl: null,
    kubeSystemUid: `uid-${name}`,
    version: 'v1.37.2',
    mode: 'classic',
    strict: true,
    state: 'ready',
  };
}

export function testNamespaces(cluster: string, ...names: string[]): WorldNamespace[] {
  return names.map((name) => ({ clusterId: `c-${cluster}`, name, labels: {}, phase: 'Active' }));
}

export function testScope(name: string, fields: Partial<WorldScope> & Pick<WorldScope, 'kind'>): WorldScope {
  return { id: `s-${name}`, clusterId: null, clusterSelector: null, projectId: null, namespaces: null, ...fields };
}

export function testBinding(roleId: string, scope: string, subjectId: string, until: Date | null = null): WorldBinding {
  return {
    id: `b-${roleId}-${scope}-${subjectId}`,
    roleId,
    scopeId: `s-${scope}`,
    subjectKind: subjectId.startsWith('g-') ? 'group' : 'person',
    subjectId,
    until: until?.getTime() ?? null,
  };
}

export function testProject(name: string, fields: Partial<WorldProject> = {}): WorldProject {
  return { id: `j-${name}`, name, title: name, quota: null, limits: null, podSecurity: 'baseline', isolated: true, ...fields };
}

export function testProjectNamespace(
  project: string,
  cluster: string,
  name: string,
  origin: WorldProjectNamespace['origin'] = 'created',
): WorldProjectNamespace {
  return { projectId: `j-${project}`, clusterId: `c-${cluster}`, name, origin };
}
