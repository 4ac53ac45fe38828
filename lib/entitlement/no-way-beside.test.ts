import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, ensureKubernetesBinaries, startCluster } from '#e2e/stack/kubernetes.ts';
import { consoleProgress } from '#e2e/stack/progress.ts';
import { createWarden, type Warden } from '#e2e/stack/warden.ts';
import { compileProjects } from '#lib/project/compile.ts';
import { auditorId, developerId, platformAdminId, projectOwnerId, viewerId } from './builtin-roles.ts';
import { compileRoles } from './compile.ts';
import {
  testBinding,
  testCluster,
  testNamespaces,
  testNow,
  testProject,
  testProjectNamespace,
  testRoles,
  testScope,
  testWorld,
} from './testing.ts';
import type { WorldRole } from './types.ts';

// What we compile, on a real API server: what it refuses here it would refuse a person behind the door, who carries the same groups.

let warden: Warden;
let cluster: Cluster;
let directory: string;

// A role of somebody's own that may make tokens: RBAC lets it, admission does not.
const minter: WorldRole = {
  id: 'r-minter',
  name: 'minter',
  title: 'Minter',
  description: '',
  builtin: false,
  grantableOn: ['namespaces'],
  inherits: [],
  portal: null,
  version: 1,
  rules: [{ apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
};

const world = testWorld({
  roles: [...testRoles, minter],
  clusters: [testCluster('real')],
  namespaces: testNamespaces('real', 'plain', 'default', 'kube-system'),
  projects: [testProject('web', { quota: { pods: '1', 'requests.cpu': '1' }, podSecurity: 'baseline' })],
  projectNamespaces: [testProjectNamespace('web', 'real', 'web')],
  scopes: [
    testScope('web', { kind: 'project', projectId: 'j-web' }),
    testScope('plain', { kind: 'namespaces', namespaces: ['plain'] }),
    testScope('all', { kind: 'all' }),
  ],
  bindings: [
    testBinding(developerId, 'web', 'g-devs'),
    testBinding(projectOwnerId, 'web', 'g-owners'),
    testBinding(developerId, 'plain', 'g-devs'),
    testBinding(viewerId, 'plain', 'g-viewers'),
    testBinding('r-minter', 'plain', 'g-minters'),
    testBinding(auditorId, 'all', 'g-auditors'),
    testBinding(platformAdminId, 'all', 'g-admins'),
  ],
});

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-beside-'));
  const binaries = await ensureKubernetesBinaries(consoleProgress);
  warden = await createWarden();
  cluster = await startCluster({ name: 'beside', directory, binaries, warden });
  await cluster.kubectl('create', 'namespace', 'plain');
  await cluster.apply(compileProjects(world, 'c-real'));
  await cluster.apply(compileRoles(world, 'c-real', testNow));
  await untilAdmissionGuards();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
  await warden?.close();
  rmSync(directory, { recursive: true, force: true });
});

const groupOf = (scope: string, role: string) => [
  '--as=someone',
  `--as-group=gatehouse:i-test:s-${scope}:${role}`,
  '--as-group=system:authenticated',
];
const developer = [...groupOf('web', developerId), `--as-group=gatehouse:i-test:s-plain:${developerId}`];
const owner = groupOf('web', projectOwnerId);
const auditor = groupOf('all', auditorId);
const admin = groupOf('all', platformAdminId);

const may = async (who: readonly string[], ...what: string[]) => (await cluster.kubectl('auth', 'can-i', ...what, ...who)).stdout.trim();
const allOf = ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`;

async function applyAs(who: readonly string[], object: object): Promise<string> {
  const file = join(directory, 'object.json');
  writeFileSync(file, JSON.stringify(object));
  return allOf(await cluster.kubectl('create', '-f', file, ...who));
}

const tokenSecret = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'way-in', namespace, annotations: { 'kubernetes.io/service-account.name': 'default' } },
  type: 'kubernetes.io/service-account-token',
});
const pod = (name: string, namespace: string, privileged = false) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'main', image: 'pause', ...(privileged ? { securityContext: { privileged: true } } : {}) }] },
});

/** A policy guards only some moments after it was written. */
async function untilAdmissionGuards(): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    if (
      (
        await applyAs(developer, {
          ...tokenSecret('plain'),
          metadata: { ...tokenSecret('plain').metadata, generateName: 'try-', name: undefined },
        })
      ).includes('outlive')
    )
      return;
    await sleep(250);
  }
  throw new Error('the admission policy never began to guard');
}

describe('a developer', () => {
  it('works: workloads, configuration, secrets, logs, shell', async () => {
    for (const what of [
      ['create', 'deployments.apps'],
      ['patch', 'configmaps'],
      ['create', 'secrets'],
      ['create', 'pods', '--subresource=exec'],
      ['get', 'pods', '--subresource=log'],
      ['get', 'namespaces/web'],
    ])
      expect([what, await may(developer, ...what, '-n', 'web')]).toEqual([what, 'yes']);
    expect(
      await applyAs(developer, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app', namespace: 'web' }, stringData: { a: 'b' } }),
    ).toContain('created');
  });

  it('mints no credential that outlives them: no token, no token Secret, in a project and outside one', async () => {
    for (const namespace of ['web', 'plain']) {
      expect(allOf(await cluster.kubectl('create', 'token', 'default', '-n', namespace, ...developer))).toContain(
        'cannot create resource "serviceaccounts/token"',
      );
      expect(await applyAs(developer, tokenSecret(namespace))).toContain('would outlive your own access');
    }
    const minting = allOf(await cluster.kubectl('create', 'token', 'default', '-n', 'plain', ...groupOf('plain', 'r-minter')));
    expect(minting).toContain('would outlive your own access');
    expect(await may(developer, 'impersonate', 'serviceaccounts', '-n', 'web')).toBe('no');
    expect(await may(developer, 'create', 'certificatesigningrequests.certificates.k8s.io')).toBe('no');
  });

  it('cannot change what fences them', async () => {
    for (const [verb, resource] of [
      ['create', 'networkpolicies.networking.k8s.io'],
      ['delete', 'networkpolicies.networking.k8s.io'],
      ['patch', 'resourcequotas'],
      ['delete', 'limitranges'],
      ['create', 'rolebindings.rbac.authorization.k8s.io'],
      ['patch', 'namespaces/web'],
    ] as const)
      for (const who of [developer, owner])
        expect([verb, resource, await may(who, verb, resource, '-n', 'web')]).toEqual([verb, resource, 'no']);
    const privileged = allOf(
      await cluster.kubectl('label', 'namespace', 'web', 'pod-security.kubernetes.io/enforce=privileged', '--overwrite', ...owner),
    );
    expect(privileged).toContain('Forbidden');
  });

  it('sees nothing of other namespaces', async () => {
    expect(await may(developer, 'get', 'pods', '-n', 'default')).toBe('no');
    expect(await may(developer, 'list', 'namespaces')).toBe('no');
  });
});

describe('a project’s fence', () => {
  it('its Pod Security level refuses the privileged pod, its quota the pod too many', async () => {
    expect(await applyAs(developer, pod('rooted', 'web', true))).toContain('violates PodSecurity "baseline:latest"');
    expect(await applyAs(developer, pod('first', 'web'))).toContain('created');
    expect(await applyAs(developer, pod('second', 'web'))).toContain('exceeded quota: gatehouse-quota');
  });
});

describe('those with wider roles', () => {
  it('an auditor reads everywhere but secrets, and changes nothing', async () => {
    for (const what of [
      ['list', 'pods', '-A'],
      ['list', 'nodes'],
      ['get', 'pods', '--subresource=log', '-n', 'plain'],
      ['list', 'clusterrolebindings.rbac.authorization.k8s.io'],
    ])
      expect([what, await may(auditor, ...what)]).toEqual([what, 'yes']);
    for (const what of [
      ['list', 'secrets', '-A'],
      ['create', 'pods', '--subresource=exec', '-n', 'plain'],
      ['get', 'pods', '--subresource=exec', '-n', 'plain'],
      ['create', 'configmaps', '-n', 'plain'],
    ])
      expect([what, await may(auditor, ...what)]).toEqual([what, 'no']);
  });

  it('a platform admin may do everything, token Secrets included', async () => {
    expect(await applyAs(admin, tokenSecret('plain'))).toContain('created');
    for (const what of [
      ['delete', 'nodes'],
      ['create', 'clusterroles.rbac.authorization.k8s.io'],
      ['get', '/metrics'],
    ])
      expect([what, await may(admin, ...what)]).toEqual([what, 'yes']);
  });
});
