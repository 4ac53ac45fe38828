import { describe, expect, it } from 'vitest';
import { testCluster, testNamespaces, testProject, testProjectNamespace, testWorld } from '#lib/entitlement/testing.ts';
import type { KubeObject, WorldProject, WorldRows } from '#lib/entitlement/types.ts';
import { compileProjects } from './compile.ts';

const rows = (project: Partial<WorldProject> = {}): Partial<WorldRows> => ({
  clusters: [testCluster('east'), testCluster('west')],
  namespaces: testNamespaces('east', 'shop'),
  projects: [testProject('web', project)],
  projectNamespaces: [testProjectNamespace('web', 'east', 'web-a'), testProjectNamespace('web', 'east', 'shop', 'adopted')],
});
const compile = (project: Partial<WorldProject> = {}) => compileProjects(testWorld(rows(project)), 'c-east');
const find = (objects: readonly KubeObject[], kind: string, name?: string) =>
  objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));

describe('a project’s namespaces', () => {
  it('carry our labels, the project and its Pod Security level in all three modes', () => {
    expect(find(compile({ podSecurity: 'restricted' }), 'Namespace', 'web-a')?.metadata).toEqual({
      name: 'web-a',
      labels: {
        'app.kubernetes.io/managed-by': 'gatehouse',
        'gatehouse.io/installation': 'i-test',
        'gatehouse.io/project': 'j-web',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
      annotations: { 'gatehouse.io/project-name': 'web' },
    });
  });

  it('stand on their own cluster only, and none of a removed project stands', () => {
    expect(compileProjects(testWorld(rows()), 'c-west')).toEqual([]);
    expect(compileProjects(testWorld({ ...rows(), projects: [] }), 'c-east')).toEqual([]);
  });

  it('an adopted one that is gone is not made anew, and one on its way out takes nothing new', () => {
    const names = (namespaces: WorldRows['namespaces']) =>
      compileProjects(testWorld({ ...rows(), namespaces }), 'c-east')
        .filter(({ kind }) => kind === 'Namespace')
        .map(({ metadata }) => metadata.name);
    expect(names([])).toEqual(['web-a']);
    expect(names(testNamespaces('east', 'shop', 'web-a').map((row) => ({ ...row, phase: 'Terminating' })))).toEqual([]);
  });
});

describe('the fence', () => {
  it('closes all, then opens the project itself, DNS and the API server', () => {
    const policies = compile().filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.namespace === 'web-a');
    const inside = { namespaceSelector: { matchLabels: { 'gatehouse.io/project': 'j-web' } } };
    expect(policies.map(({ spec }) => spec)).toEqual([
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [inside] }], egress: [{ to: [inside] }] },
      {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
            ports: [
              { protocol: 'UDP', port: 53 },
              { protocol: 'TCP', port: 53 },
            ],
          },
        ],
      },
      {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            ports: [
              { protocol: 'TCP', port: 443 },
              { protocol: 'TCP', port: 6443 },
            ],
          },
        ],
      },
    ]);
  });

  it('is not there when the project is not isolated', () => {
    expect(find(compile({ isolated: false }), 'NetworkPolicy')).toBeUndefined();
  });
});

describe('quota and limits', () => {
  it('neither is there unless asked for', () => {
    expect(find(compile(), 'ResourceQuota')).toBeUndefined();
    expect(find(compile(), 'LimitRange')).toBeUndefined();
  });

  it('a quota on cpu or memory brings default limits, or every pod that states none would be refused', () => {
    const objects = compile({ quota: { 'requests.cpu': '4', pods: '10' } });
    expect(find(objects, 'ResourceQuota')?.spec).toEqual({ hard: { 'requests.cpu': '4', pods: '10' } });
    expect(find(objects, 'LimitRange')?.spec).toEqual({
      limits: [{ type: 'Container', default: { cpu: '500m', memory: '256Mi' }, defaultRequest: { cpu: '50m', memory: '64Mi' } }],
    });
    expect(find(compile({ quota: { pods: '10' } }), 'LimitRange')).toBeUndefined();
  });

  it('defaults that we add never contradict what the project says', () => {
    const limits = { requestCpu: '2', maxMemory: '128Mi' };
    expect(find(compile({ quota: { cpu: '8' }, limits }), 'LimitRange')?.spec).toEqual({
      limits: [{ type: 'Container', default: { cpu: '2', memory: '128Mi' }, defaultRequest: { cpu: '2' }, max: { memory: '128Mi' } }],
    });
  });
});
