import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { PortalContext } from '#lib/api/context.ts';
import type { AnyOperation, Operation } from '#lib/api/operation.ts';
import { perform } from '#lib/api/perform.ts';
import { generateSealingPair, sealingKeyFromPem } from '#lib/config/keys.ts';
import { changing } from '#lib/db/database.ts';
import { type TestDatabase, testDatabase } from '#lib/db/testing.ts';
import { addMember, addNamespaceToProject, create, remove, removeNamespaceFromProject, update } from '#lib/project/actions.ts';
import { compileProjects } from '#lib/project/compile.ts';
import { getProject, listProjects } from '#lib/project/loaders.ts';
import { viewerOf } from '#lib/session/viewer.ts';
import { changeRole, createOwnRole, end, grant, removeOwnRole } from './actions.ts';
import { auditorId, developerId, platformAdminId, projectOwnerId, viewerId } from './builtin-roles.ts';
import { explain, getRole, listGrants, listRoles, matchScope, myAccess, previewGrantCreation, previewRoleChange } from './loaders.ts';
import { createGrant, seedBuiltinRoles } from './mutations.ts';
import { placeOf } from './scope.ts';
import { seedDirectory } from './testing-directory.ts';
import { loadWorld } from './world.ts';

let test: TestDatabase;
const sealingKey = sealingKeyFromPem(generateSealingPair().sealingKeyPem);
const actor = { kind: 'system', name: 'test' } as const;
const inShop = { kind: 'namespaces', namespaces: ['shop'] } as const;
const everywhere = { kind: 'all' } as const;
const readPods = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];

beforeAll(async () => {
  test = await testDatabase();
  await seedBuiltinRoles(test.db);
  await seedDirectory(test.db);
});
afterAll(() => test.drop());

beforeEach(async () => {
  await test.db.sql.query('TRUNCATE binding, project_namespace');
  await grantDirectly(platformAdminId, everywhere, 'g-admins');
  await grantDirectly(auditorId, everywhere, 'p-erin');
});

async function grantDirectly(roleId: string, place: Parameters<typeof placeOf>[0], subjectId: string): Promise<string> {
  const kind = subjectId.startsWith('g-') ? 'group' : 'person';
  const subject = { kind, id: subjectId, name: subjectId } as const;
  return changing(test.db, (tx, touch) =>
    createGrant(tx, touch, { roleId, place: placeOf(place), subject, until: null, reason: '', where: '' }, actor),
  );
}

/** As the API would: the world as it is now, the person with the powers they have now, through the one gate. */
async function as<Input extends z.ZodObject, Output extends z.ZodType>(
  login: string,
  operation: Operation<Input, Output>,
  input: unknown = {},
): Promise<z.output<Output>> {
  const [world, now] = [await loadWorld(test.db), new Date()];
  const viewer = viewerOf(world, `p-${login}`, { via: 'session', sessionId: 's' }, now);
  const context: PortalContext = {
    db: test.db,
    world,
    now,
    sealingKey,
    hashKey: Buffer.alloc(32),
    config: {
      portalUrl: 'http://127.0.0.1',
      proxyUrl: 'https://127.0.0.1',
      proxyCaPem: null,
      joinImage: null,
      breakGlass: true,
    },
    request: { id: 'q', address: null, userAgent: null },
    cookies: { get: () => null, set: () => {} },
    ask: async () => null,
    begin: async () => '',
  };
  return perform(operation as AnyOperation, context, { viewer, holdsSetup: false }, () => input) as Promise<z.output<Output>>;
}

describe('who may', () => {
  it('grants, roles and projects are written by platform admins alone, and read by auditors too', async () => {
    const granting = { subject: { kind: 'group', id: 'g-devs' }, roleId: developerId, scope: inShop };
    for (const login of ['alice', 'erin']) {
      await expect(as(login, grant, granting)).rejects.toMatchObject({ code: 'api.needs-admin' });
      await expect(as(login, createOwnRole, { name: 'x', title: 'x', grantableOn: ['all'], rules: readPods })).rejects.toMatchObject({
        code: 'api.needs-admin',
      });
      await expect(as(login, create, { name: 'x', title: 'x' })).rejects.toMatchObject({ code: 'api.needs-admin' });
    }
    await expect(as('alice', listGrants)).rejects.toMatchObject({ code: 'api.needs-auditor' });
    expect((await as('erin', listRoles)).roles.map(({ name }) => name)).toContain('developer');
  });

  it('everybody may ask why of themselves, auditors of anybody', async () => {
    expect(await as('alice', explain, { personId: 'p-alice' })).toMatchObject({ allowed: false });
    await expect(as('alice', explain, { personId: 'p-carol' })).rejects.toMatchObject({ code: 'explain.not-yours' });
    expect(await as('erin', explain, { personId: 'p-carol' })).toMatchObject({ allowed: true });
  });
});

describe('granting', () => {
  it('what the preview promises is what the person then has', async () => {
    const input = { subject: { kind: 'group', id: 'g-devs' }, roleId: developerId, scope: inShop };
    const preview = await as('carol', previewGrantCreation, input);
    expect(preview.people).toMatchObject({ total: 1, gain: 1, alreadyHad: 0, notLive: 0 });
    expect(preview.where.clusters.map(({ name, namespaces }) => [name, namespaces])).toEqual([
      ['east', ['shop']],
      ['west', ['shop']],
    ]);
    expect(preview.clusters[0]?.objects.map(({ operation, kind, namespace }) => `${operation} ${kind} ${namespace}`)).toEqual([
      'create ClusterRole null',
      'create RoleBinding shop',
    ]);
    await as('carol', grant, input);
    const mine = await as('alice', myAccess);
    expect(mine.clusters.map(({ name, namespaces, entered }) => [name, namespaces, entered])).toEqual([
      ['east', ['shop'], false],
      ['west', ['shop'], false],
    ]);
    expect(mine.clusters[0]?.grants[0]).toMatchObject({ role: { name: 'developer' }, group: { name: 'devs' }, namespaces: ['shop'] });
    expect(mine.clusters[0]?.grants[0]?.role.may).toContain('open a shell in pods');
    expect(await as('carol', previewGrantCreation, input)).toMatchObject({ people: { gain: 0, alreadyHad: 1 }, clusters: [] });
  });

  it('reaches two hundred namespaces with long names by one grant, and the same place is the same scope in any order', async () => {
    const namespaces = Array.from({ length: 200 }, (_, n) => `a-namespace-with-a-rather-long-name-${'x'.repeat(20)}-${n}`);
    const granting = { subject: { kind: 'person', id: 'p-alice' }, roleId: developerId, scope: { kind: 'namespaces', namespaces } };
    await as('carol', grant, granting);
    const again = { ...granting, scope: { kind: 'namespaces', namespaces: namespaces.toReversed() } };
    await expect(as('carol', grant, again)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('nobody’s access is nobody’s: a person without grants sees no cluster', async () => {
    expect(await as('frank', myAccess)).toMatchObject({ clusters: [], projects: [], powers: { admin: false, auditor: false } });
  });

  it.each([
    ['a distribution group', { subject: { kind: 'group', id: 'g-mailing' } }, 'grant.distribution-group'],
    ['a group that is not there', { subject: { kind: 'group', id: 'g-nobody' } }, 'grant.no-such-group'],
    ['a role where it may not be granted', { scope: everywhere }, 'grant.not-there'],
    ['a role that is not there', { roleId: 'r-nothing' }, 'role.not-found'],
    ['a cluster that is not there', { scope: { ...inShop, clusterId: 'c-north' } }, 'scope.no-such-cluster'],
    ['an end in the past', { until: '2020-01-01T00:00:00Z' }, 'grant.ends-before-it-begins'],
    ['an object where an id is expected', { roleId: { not: '' } }, 'api.bad-input'],
  ])('%s is refused', async (_what, change, code) => {
    const input = { subject: { kind: 'group', id: 'g-devs' }, roleId: developerId, scope: inShop, ...change };
    await expect(as('carol', grant, input)).rejects.toMatchObject({ code });
  });

  it('the last grant that lets anybody administer cannot be ended, another’s can', async () => {
    const { grants } = await as('carol', listGrants, { roleId: platformAdminId });
    const [only] = grants;
    await expect(as('carol', end, { id: only?.id })).rejects.toMatchObject({ code: 'grant.last-admin' });
    await grantDirectly(platformAdminId, everywhere, 'g-mailing');
    await expect(as('carol', end, { id: only?.id })).rejects.toMatchObject({ code: 'grant.last-admin' });
    await grantDirectly(platformAdminId, everywhere, 'p-bob');
    await as('carol', end, { id: only?.id, reason: 'moved on' });
    await expect(as('carol', listGrants)).rejects.toMatchObject({ code: 'api.needs-auditor' });
    expect((await as('bob', listGrants, { state: 'ended' })).grants).toMatchObject([{ live: false, endedBy: { name: 'Carol' } }]);
  });

  it('lists say through which groups a grant reaches a person', async () => {
    await as('carol', grant, { subject: { kind: 'group', id: 'g-devs' }, roleId: developerId, scope: inShop });
    const { grants, total } = await as('erin', listGrants, { subjectId: 'p-alice', nested: 'true', clusterId: 'c-east' });
    expect(total).toBe(1);
    expect(grants[0]?.via.map(({ name }) => name)).toEqual(['inner', 'devs']);
  });

  it('a place is counted before anything is granted on it', async () => {
    expect(await as('carol', matchScope, { scope: { kind: 'labels', selector: { env: 'prod' } } })).toMatchObject({
      words: 'clusters with env=prod',
      clusters: [{ name: 'east', namespaces: 'all' }],
      namespaces: 3,
    });
  });
});

describe('while the directory is silent', () => {
  afterEach(() => test.db.sql.query('UPDATE domain_controller SET fresh_at = now()'));

  it('nothing is granted after ten minutes, and what was granted can still be ended (F1)', async () => {
    const granting = { subject: { kind: 'person', id: 'p-alice' }, roleId: developerId, scope: inShop };
    const { id } = await as('carol', grant, granting);
    await test.db.sql.query(`UPDATE domain_controller SET fresh_at = now() - interval '11 minutes'`);
    for (const [operation, input] of [
      [grant, granting],
      [createOwnRole, { name: 'x', title: 'x', grantableOn: ['all'], rules: readPods }],
      [create, { name: 'x', title: 'x' }],
    ] as const) {
      await expect(as('carol', operation as AnyOperation, input)).rejects.toMatchObject({ code: 'directory.not-fresh' });
    }
    await expect(as('carol', end, { id, reason: 'left' })).resolves.toEqual({ id });
  });
});

describe('roles of one’s own', () => {
  it('are made, warned about, changed under a version, and removed when nobody holds them', async () => {
    const { id, warnings } = await as('carol', createOwnRole, {
      name: 'pod-reader',
      title: 'Pod reader',
      grantableOn: ['namespaces'],
      rules: [{ apiGroups: ['*'], resources: ['pods'], verbs: ['get', 'list'] }],
    });
    expect(warnings.map(({ code }) => code)).toEqual(['role.all-groups']);
    await expect(
      as('carol', createOwnRole, { name: 'pod-reader', title: 'x', grantableOn: ['all'], rules: readPods }),
    ).rejects.toMatchObject({ code: 'role.name-taken' });
    const { id: grantId } = await as('carol', grant, { subject: { kind: 'group', id: 'g-devs' }, roleId: id, scope: inShop });

    const reduced = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    const preview = await as('carol', previewRoleChange, { id, rules: reduced });
    expect(preview).toMatchObject({ removed: ['get pods.*', 'list pods.*'], added: ['get pods'], people: 1 });
    expect(preview.clusters.map(({ cluster }) => cluster)).toEqual(['east', 'west']);
    await as('carol', changeRole, { id, version: 1, rules: reduced });
    await expect(as('carol', changeRole, { id, version: 1, title: 'Late' })).rejects.toMatchObject({ code: 'role.changed-meanwhile' });
    const { rows } = await test.db.sql.query("SELECT kind FROM revocation WHERE detail->>'roleId' = $1", [id]);
    expect(rows).toEqual([{ kind: 'role' }]);

    await expect(as('carol', removeOwnRole, { id })).rejects.toMatchObject({ code: 'role.in-use' });
    await as('carol', end, { id: grantId });
    await as('carol', removeOwnRole, { id });
    await expect(as('carol', getRole, { id })).rejects.toMatchObject({ code: 'role.not-found' });
  });

  it.each([
    ['an unknown verb', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['fetch'] }] }, 'role.rules-unsound'],
    ['no rule at all', { rules: [] }, 'role.empty'],
    ['inheriting what administers the portal', { inherits: [platformAdminId] }, 'role.inherits-portal'],
    ['an aggregationRule', { rules: [{ ...readPods[0], aggregationRule: {} }] }, 'api.bad-input'],
  ])('%s is refused', async (_what, change, code) => {
    const role = { name: 'wrong', title: 'Wrong', grantableOn: ['namespaces'], rules: readPods, ...change };
    await expect(as('carol', createOwnRole, role)).rejects.toMatchObject({ code });
  });

  it('a built-in role stays as it is', async () => {
    await expect(as('carol', changeRole, { id: viewerId, version: 1, title: 'Mine' })).rejects.toMatchObject({ code: 'role.builtin' });
    await expect(as('carol', removeOwnRole, { id: viewerId })).rejects.toMatchObject({ code: 'role.builtin' });
  });

  it('a circle of inheritance is refused', async () => {
    const base = { title: 'x', grantableOn: ['namespaces'], rules: readPods };
    const { id: lower } = await as('carol', createOwnRole, { ...base, name: 'lower' });
    const { id: upper } = await as('carol', createOwnRole, { ...base, name: 'upper', inherits: [lower] });
    await expect(as('carol', changeRole, { id: lower, version: 1, inherits: [upper] })).rejects.toMatchObject({
      code: 'role.inherits-itself',
    });
  });
});

describe('projects', () => {
  const web = {
    title: 'Web',
    quota: { pods: '2', 'requests.cpu': '1' },
    namespaces: [
      { clusterId: 'c-east', name: 'web', origin: 'created' },
      { clusterId: 'c-west', name: 'payments', origin: 'adopted' },
    ],
  };

  it('members work where the project stands, owners see its page, others do not learn of it', async () => {
    const { id } = await as('carol', create, { ...web, name: 'web-one' });
    await as('carol', addMember, { id, subject: { kind: 'group', id: 'g-devs' }, roleId: developerId });
    await as('carol', addMember, { id, subject: { kind: 'person', id: 'p-bob' }, roleId: projectOwnerId });
    const mine = await as('alice', myAccess);
    expect(mine.clusters.map(({ name, namespaces }) => [name, namespaces])).toEqual([
      ['east', ['web']],
      ['west', ['payments']],
    ]);
    expect(mine.projects).toMatchObject([{ name: 'web-one', owner: false, role: 'Developer', clusters: ['east', 'west'] }]);
    expect((await as('bob', listProjects)).projects.map(({ name }) => name)).toEqual(['web-one']);
    expect(await as('bob', getProject, { id })).toMatchObject({ members: 2, people: 2, mayChange: false, isolationVerified: false });
    expect((await as('alice', listProjects)).projects).toEqual([]);
    await expect(as('alice', getProject, { id })).rejects.toMatchObject({ code: 'project.not-found' });
  });

  it('a namespace is in one project at most, and is adopted only where it stands', async () => {
    const { id } = await as('carol', create, { ...web, name: 'web-two' });
    const { id: other } = await as('carol', create, { title: 'Other', name: 'other' });
    const add = (clusterId: string, name: string, origin: string) =>
      as('carol', addNamespaceToProject, { id: other, clusterId, name, origin });
    await expect(add('c-east', 'web', 'created')).rejects.toMatchObject({ code: 'project.namespace-taken' });
    await expect(add('c-east', 'nowhere', 'adopted')).rejects.toMatchObject({ code: 'project.nothing-to-adopt' });
    await expect(add('c-east', 'shop', 'created')).rejects.toMatchObject({ code: 'project.namespace-exists' });
    await expect(add('c-east', 'kube-system', 'adopted')).rejects.toMatchObject({ code: 'project.inner-namespace' });
    await as('carol', removeNamespaceFromProject, { id, clusterId: 'c-east', name: 'web' });
    await add('c-east', 'web', 'created');
  });

  it('a changed fence is compiled as changed, and null takes a quota away', async () => {
    const { id } = await as('carol', create, { ...web, name: 'web-three' });
    await as('carol', update, { id, quota: null, podSecurity: 'restricted', isolated: false });
    const objects = compileProjects(await loadWorld(test.db), 'c-east');
    expect(objects.map(({ kind }) => kind)).toEqual(['Namespace']);
    expect(objects[0]?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    await expect(as('carol', update, { id, limits: { requestCpu: '2', defaultCpu: '1' } })).rejects.toMatchObject({
      code: 'project.limits-crossed',
    });
  });

  it('a removed one ends its grants, lets go of its namespaces and frees its name', async () => {
    const { id } = await as('carol', create, { ...web, name: 'web-four' });
    await as('carol', addMember, { id, subject: { kind: 'group', id: 'g-devs' }, roleId: developerId });
    await as('carol', remove, { id });
    expect((await as('alice', myAccess)).clusters).toEqual([]);
    expect(compileProjects(await loadWorld(test.db), 'c-east')).toEqual([]);
    const { id: again } = await as('carol', create, { ...web, name: 'web-four' });
    expect(again).not.toBe(id);
  });
});
