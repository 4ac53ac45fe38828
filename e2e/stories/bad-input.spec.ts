/**
 * What people get wrong on an ordinary day, by the API: a directory that is not there or not what it says, a kubeconfig that cannot be
 * used, a name that is taken, a role that cannot stand. Each is answered with one sentence that says what and what to do, in the answer and
 * in the operator's log; nothing is half registered; and no secret that was typed comes back in an answer, the log or the audit log.
 */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { parse, stringify } from 'yaml';
import type { DemoCluster } from '#e2e/scene/contract.ts';
import { PortalClient } from '#e2e/scene/portal-client.ts';
import { freePort } from '#e2e/stack/ports.ts';
import { type Administrator, signInAsAdministrator } from '#e2e/stack/samba/administrator.ts';
import { readContract, readLog } from '#e2e/test/contract-file.ts';
import { Kubectl } from '#e2e/test/kubectl.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly fields?: Record<string, string> };
}

/** What a kubeconfig holds, as far as these tests change it. */
interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
  [other: string]: unknown;
}

const contract = readContract();
const [east, west] = contract.clusters as [DemoCluster, DemoCluster];
const api = new PortalClient(contract.portal.url).withToken(contract.api.token);
const run = Date.now().toString(36);
const kubectl = new Kubectl(contract.kubectl, east.adminKubeconfig);

/** Words that stand for secrets: typed in these tests, and never to be seen again. */
const canary = `Canary-${run}-Feather-62`;
const secrets = new Set([canary, contract.directory.adminPassword]);

let directory: Administrator;
let sync: { login: string; dn: string; password: string };

test.beforeAll(async () => {
  const { url, ca, serverName, adminDn, adminPassword } = contract.directory;
  directory = await signInAsAdministrator({ url, caFile: ca, serverName }, adminDn, adminPassword);
  const login = `sync-${run}-${test.info().workerIndex}`;
  sync = { login, ...(await directory.createUser({ login, password: `Keep-${run}-Within-35` })) };
  secrets.add(sync.password);
});
test.afterAll(async () => {
  await directory.deleteUser(sync.login);
  await directory.close();
});

/** One sentence, or a few, on one line: what happened and what to do. */
const sentence = /^[A-Z“l].{20,1000}\.$/;

async function refuses(path: string, body: object, expected: { status: number; code: string; says: RegExp }): Promise<void> {
  const before = await everythingRegistered();
  const answer = await api.call<Refusal>('POST', path, body);
  expect([answer.status, answer.body.error?.code]).toEqual([expected.status, expected.code]);
  const { message } = answer.body.error;
  expect(message).toMatch(expected.says);
  expect(message).toMatch(sentence);
  for (const secret of secrets) expect(JSON.stringify(answer.body)).not.toContain(secret);
  expect(await everythingRegistered()).toEqual(before);
  await expect.poll(async () => (await logged()).includes(expected.code), { message: `${expected.code} in the log` }).toBe(true);
}

async function everythingRegistered() {
  const { directories } = await api.must<{ directories: { id: string; domain: string }[] }>('GET', '/directories');
  const { clusters } = await api.must<{ clusters: { id: string; name: string; state: string }[] }>('GET', '/clusters?removed=true');
  const { roles } = await api.must<{ roles: { id: string; name: string; version: number }[] }>('GET', '/roles');
  return {
    directories: directories.map(({ id, domain }) => `${id} ${domain}`),
    clusters: clusters.map(({ id, name, state }) => `${id} ${name} ${state}`),
    roles: roles.map(({ id, name, version }) => `${id} ${name} ${version}`),
  };
}

const logged = async () => readLog();

test.afterEach(async () => {
  const trail = JSON.stringify(await api.must('GET', '/audit?limit=100'));
  const log = await logged();
  for (const secret of secrets) {
    expect(log).not.toContain(secret);
    expect(trail).not.toContain(secret);
  }
});

test.describe('a directory', () => {
  const connection = async (changes: object = {}) => ({
    urls: [contract.directory.url],
    serverName: contract.directory.serverName,
    caPem: await readFile(contract.directory.ca, 'utf8'),
    bindDn: sync.dn,
    bindPassword: sync.password,
    baseDn: contract.directory.baseDn,
    ...changes,
  });
  /** A test keeps nothing, and neither does an attempt to connect. */
  const refusesBoth = async (changes: object, expected: { status: number; code: string; says: RegExp }) => {
    await refuses('/directories/test', await connection(changes), expected);
    await refuses('/directories', await connection(changes), expected);
  };

  test('that is given rightly is found, so what follows is refused for what is wrong with it', async () => {
    const found = await api.must<{ domain: string; people: number }>('POST', '/directories/test', await connection());
    expect(found.domain).toBe('corp.example');
    expect(found.people).toBeGreaterThan(250);
  });

  test('whose domain controller is unreachable', async () => {
    await refusesBoth(
      { urls: [`ldaps://127.0.0.1:${await freePort()}`], bindPassword: canary },
      {
        status: 503,
        code: 'directory.unreachable',
        says: /No domain controller answers at ldaps:\/\/127\.0\.0\.1:\d+\. Check the address/,
      },
    );
  });

  test('with a wrong bind password', async () => {
    await refusesBoth(
      { bindPassword: canary },
      { status: 400, code: 'directory.bind-refused', says: /refused the sync account or its password\. Check both/ },
    );
  });

  test('with a wrong base: another domain’s, or one that is not there', async () => {
    const wrong = { status: 400, code: 'directory.wrong-base' };
    await refusesBoth(
      { baseDn: 'DC=elsewhere,DC=example' },
      { ...wrong, says: /does not belong to this domain: .* holds DC=corp,DC=example/i },
    );
    await refusesBoth({ baseDn: `OU=Nowhere,${contract.directory.baseDn}` }, { ...wrong, says: /OU=Nowhere.* does not exist on/ });
  });

  test('whose certificate does not match: another authority’s, or made out to another name; the password is not sent there', async () => {
    const wrong = { status: 400, code: 'directory.certificate' };
    const stranger = await readFile(contract.proxy.ca, 'utf8');
    await refusesBoth(
      { caPem: stranger, bindPassword: canary },
      { ...wrong, says: /not signed by the given authority\. Paste the CA certificate/ },
    );
    await refusesBoth(
      { serverName: 'dc9.corp.example', bindPassword: canary },
      { ...wrong, says: /made out to another name\. Enter the name it carries/ },
    );
  });

  test('that shows no account', async () => {
    await refusesBoth(
      { baseDn: `OU=Groups,${contract.directory.baseDn}` },
      { status: 400, code: 'directory.empty', says: /shows no account below OU=Groups.*Check the base/ },
    );
  });

  test('that is connected already', async () => {
    await refuses('/directories', await connection(), { status: 409, code: 'directory.known', says: /corp\.example is connected already/ });
  });
});

test.describe('a kubeconfig', () => {
  const changed = async (
    cluster: DemoCluster,
    change: (parts: { cluster: Record<string, unknown>; user: Record<string, unknown> }) => void,
  ) => {
    const config = parse(await readFile(cluster.adminKubeconfig, 'utf8')) as Kubeconfig;
    const [first] = config.clusters;
    const [user] = config.users;
    if (!first || !user) throw new Error('the scene’s kubeconfig has no cluster or no user');
    change({ cluster: first.cluster, user: user.user });
    return stringify(config);
  };
  const withUser = (user: Record<string, unknown>) =>
    changed(west, (parts) => {
      for (const name of Object.keys(parts.user)) delete parts.user[name];
      Object.assign(parts.user, user);
    });
  const named = (kubeconfig: string) => ({ name: `new-${run}`, kubeconfig });

  test('that is not one', async () => {
    for (const text of [`password: ${canary}`, `{"token": "${canary}"}`, `${canary}\n: [`, '<html><body>Sign in</body></html>']) {
      const answer = await api.call<Refusal>('POST', '/clusters', named(text));
      expect([text, answer.status]).toEqual([text, 400]);
      expect(answer.body.error.message).toMatch(/^This is not a kubeconfig\. Paste what `kubectl config view .*` prints\.$/);
      expect(JSON.stringify(answer.body)).not.toContain(canary);
    }
    await refuses('/clusters', named(`password: ${canary}`), {
      status: 400,
      code: 'kubeconfig.not-a-kubeconfig',
      says: /not a kubeconfig/,
    });
  });

  test('whose cluster is unreachable', async () => {
    const port = await freePort();
    const kubeconfig = await changed(west, ({ cluster, user }) => {
      cluster.server = `https://127.0.0.1:${port}`;
      for (const name of Object.keys(user)) delete user[name];
      user.token = canary;
    });
    await refuses('/clusters', named(kubeconfig), {
      status: 502,
      code: 'cluster.unreachable',
      says: new RegExp(`https://127\\.0\\.0\\.1:${port} cannot be reached from here \\(the connection is refused\\)\\. Check the address`),
    });
  });

  test('whose server shows another authority’s certificate: the credential is not sent there', async () => {
    const stranger = Buffer.from(await readFile(contract.proxy.ca)).toString('base64');
    const kubeconfig = await changed(west, ({ cluster }) => {
      cluster['certificate-authority-data'] = stranger;
    });
    await refuses('/clusters', named(kubeconfig), {
      status: 502,
      code: 'cluster.untrusted',
      says: /shows a certificate that .* Nothing was sent to it\./,
    });
  });

  test('whose credential the cluster does not know', async () => {
    await refuses('/clusters', named(await withUser({ token: canary })), {
      status: 400,
      code: 'cluster.credential-refused',
      says: /does not accept this credential\. Use one that works/,
    });
  });

  test('with a command inside: it is refused, and the command is not run', async () => {
    const trace = join(contract.kubeconfigs.alice ?? '', `../trace-${run}`);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'touch',
      args: [trace],
      env: [{ name: 'SECRET', value: canary }],
    };
    await refuses('/clusters', named(await withUser({ exec })), {
      status: 400,
      code: 'kubeconfig.exec',
      says: /running a command \(exec\), and Gatehouse runs no command/,
    });
    expect(existsSync(trace)).toBe(false);
    await rm(trace, { force: true });
  });

  test('with a reference to a file inside: it is refused, and the file is not read', async () => {
    for (const user of [{ tokenFile: '/etc/hostname' }, { 'client-certificate': '/etc/hostname', 'client-key': '/etc/hostname' }])
      await refuses('/clusters', named(await withUser(user)), {
        status: 400,
        code: 'kubeconfig.file-reference',
        says: /points to a file \((tokenFile|client-certificate)\) that only your machine has\. Paste/,
      });
    const authority = await changed(west, ({ cluster }) => {
      delete cluster['certificate-authority-data'];
      cluster['certificate-authority'] = '/etc/hostname';
    });
    await refuses('/clusters', named(authority), {
      status: 400,
      code: 'kubeconfig.file-reference',
      says: /points to a file \(certificate-authority\)/,
    });
  });

  test('that would have us trust any server', async () => {
    const trusting = await changed(west, ({ cluster }) => {
      delete cluster['certificate-authority-data'];
      cluster['insecure-skip-tls-verify'] = true;
    });
    await refuses('/clusters', named(trusting), {
      status: 400,
      code: 'kubeconfig.insecure',
      says: /never speaks to a server it cannot verify/,
    });
  });

  test('whose rights do not suffice: the answer says which are missing, and what works goes on working', async () => {
    const account = `weak-${run}`;
    const admin = async (...args: string[]) => {
      const { code, stdout, stderr } = await kubectl.run(...args);
      expect([args.join(' '), code, stderr]).toEqual([args.join(' '), 0, stderr]);
      return stdout.trim();
    };
    await admin('create', 'serviceaccount', account, '-n', 'default');
    try {
      const token = await admin('create', 'token', account, '-n', 'default');
      secrets.add(token);
      const kubeconfig = await changed(east, ({ user }) => {
        for (const name of Object.keys(user)) delete user[name];
        user.token = token;
      });
      await refuses('/clusters', named(kubeconfig), {
        status: 400,
        code: 'cluster.rights-missing',
        says: /cannot get resource "namespaces"|get namespaces kube-system/,
      });
      // With the right to be recognised and nothing else, every other right that is missing has a name.
      await admin('create', 'clusterrole', account, '--verb=get', '--resource=namespaces', '--resource-name=kube-system');
      await admin('create', 'clusterrolebinding', account, `--clusterrole=${account}`, `--serviceaccount=default:${account}`);
      await refuses(
        `/clusters/${east.id}/repair`,
        { kubeconfig },
        {
          status: 400,
          code: 'cluster.rights-missing',
          says: /may not do this in the cluster: create namespaces; .*escalate clusterroles; .*Paste one of a cluster administrator/,
        },
      );
      const alice = new Kubectl(contract.kubectl, contract.kubeconfigs.alice ?? '');
      expect((await alice.run('--context', 'east', '-n', 'shop', 'get', 'pods', '-o', 'name')).code).toBe(0);
    } finally {
      await kubectl.run('delete', 'clusterrolebinding', account, '--ignore-not-found');
      await kubectl.run('delete', 'clusterrole', account, '--ignore-not-found');
      await kubectl.run('delete', 'serviceaccount', account, '-n', 'default');
    }
  });

  test('under a name that is taken, and of a cluster that is registered under another name', async () => {
    const kubeconfig = await readFile(west.adminKubeconfig, 'utf8');
    const key = (parse(kubeconfig) as Kubeconfig).users[0]?.user['client-key-data'];
    if (typeof key === 'string') secrets.add(key);
    await refuses(
      '/clusters',
      { name: 'east', kubeconfig },
      { status: 409, code: 'cluster.name-taken', says: /already a cluster named “east”\. Choose another name/ },
    );
    await refuses(
      '/cluster-invitations',
      { name: 'east', serverUrl: west.server },
      { status: 409, code: 'cluster.name-taken', says: /already a cluster named “east”/ },
    );
    await refuses('/clusters', named(kubeconfig), {
      status: 409,
      code: 'cluster.already-registered',
      says: /already registered, as “west”/,
    });
  });

  test('under a name that cannot be one', async () => {
    const before = await everythingRegistered();
    const answer = await api.call<Refusal>('POST', '/clusters', { name: 'East!', kubeconfig: canary });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'api.bad-input']);
    expect(answer.body.error.fields?.name).toMatch(/^A cluster name has 1 to 40 lower-case letters/);
    expect(JSON.stringify(answer.body)).not.toContain(canary);
    expect(await everythingRegistered()).toEqual(before);
  });
});

test.describe('a role', () => {
  const role = (rules: object[]) => ({ name: `own-${run}`, title: 'Own', grantableOn: ['namespaces'], rules });

  test('with a verb that is not known, a resource that cannot be one, or the verb to be somebody else', async () => {
    const unsound = { status: 400, code: 'role.rules-unsound' };
    await refuses('/roles', role([{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'fly'] }]), {
      ...unsound,
      says: /“fly” is not a verb that Kubernetes knows\. Use one of get, /,
    });
    await refuses('/roles', role([{ apiGroups: [''], resources: ['Pods!'], verbs: ['get'] }]), {
      ...unsound,
      says: /“Pods!” is not a resource\. Write its plural/,
    });
    await refuses('/roles', role([{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }]), {
      ...unsound,
      says: /No role may impersonate/,
    });
  });

  test('with a wildcard is made, and whoever makes it is warned', async () => {
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    const preview = await api.must<{ warnings: { code: string }[] }>('POST', '/roles/preview', { rules });
    const made = await api.must<{ id: string; warnings: { code: string; level: string; message: string }[] }>(
      'POST',
      '/roles',
      role(rules),
    );
    try {
      expect(made.warnings.map(({ code }) => code)).toEqual(preview.warnings.map(({ code }) => code));
      const high = made.warnings.filter(({ level }) => level === 'high').map(({ code }) => code);
      expect(high).toContain('role.all-verbs');
      expect(high).toContain('role.all-resources');
      for (const { message } of made.warnings) expect(message).toMatch(/^[A-Za-z].{8,300}\.$/);
      expect((await api.must<{ warnings: unknown[] }>('GET', `/roles/${made.id}`)).warnings).toHaveLength(made.warnings.length);
    } finally {
      await api.must('DELETE', `/roles/${made.id}`);
    }
  });
});

test.describe('in the browser', () => {
  const signedIn = async (page: Page) => {
    await page.goto(`${contract.portal.url}/login`);
    await page.getByLabel(/name/i).first().fill('carol');
    await page.getByLabel(/password/i).fill(contract.users.find(({ login }) => login === 'carol')?.password ?? '');
    await page.getByRole('button', { name: /sign in/i }).click();
    await expect(page).not.toHaveURL(/\/login/);
  };

  test('a kubeconfig that cannot be used is refused as it is pasted, and one whose cluster is away when it is tried', async ({ page }) => {
    const port = await freePort();
    const config = parse(await readFile(west.adminKubeconfig, 'utf8')) as Kubeconfig;
    const [first] = config.clusters;
    const [user] = config.users;
    if (!first || !user) throw new Error('the scene’s kubeconfig has no cluster or no user');
    first.cluster.server = `https://127.0.0.1:${port}`;
    user.user = { exec: { command: 'touch', args: [canary] } };
    const before = await everythingRegistered();
    await signedIn(page);
    await page.goto(`${contract.portal.url}/admin/clusters/new`);
    await page.getByLabel('Name', { exact: true }).fill(`new-${run}`);
    const pasted = page.getByLabel('Kubeconfig of an administrator there');
    await pasted.fill('not: [a, kubeconfig');
    await expect(page.getByText('This is not a kubeconfig. Paste what')).toBeVisible();
    await pasted.fill(stringify(config));
    await expect(page.getByText('Gatehouse runs no command for a kubeconfig')).toBeVisible();
    user.user = { token: canary };
    await pasted.fill(stringify(config));
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await expect(page.getByText(`https://127.0.0.1:${port} cannot be reached from here (the connection is refused).`)).toBeVisible();
    expect(await everythingRegistered()).toEqual(before);
  });

  test('a role with an unknown verb cannot be made, and one with a wildcard says what it would permit', async ({ page }) => {
    await signedIn(page);
    await page.goto(`${contract.portal.url}/admin/roles/new`);
    const rules = page.getByLabel('As YAML');
    await rules.fill("- apiGroups: ['']\n  resources: [pods]\n  verbs: [fly]\n");
    await expect(page.getByText('“fly” is not a verb that Kubernetes knows.').first()).toBeVisible();
    await expect(page.getByRole('button', { name: 'Make the role' })).toBeDisabled();
    await rules.fill("- apiGroups: ['*']\n  resources: ['*']\n  verbs: ['*']\n");
    await expect(page.getByText('The verb * permits everything')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Make the role' })).toBeEnabled();
  });

  test('a directory that does not answer is said so where its settings are', async ({ page }) => {
    const port = await freePort();
    await signedIn(page);
    await page.goto(`${contract.portal.url}/admin/settings`);
    await page.getByText('Change the connection').click();
    await page.getByLabel('Domain controllers').fill(`ldaps://127.0.0.1:${port}`);
    await page.getByLabel('Account that reads the directory').fill(sync.dn);
    await page.getByLabel('Its password').fill(canary);
    await page.getByRole('button', { name: 'Preview what would change' }).click();
    await expect(page.getByText(`No domain controller answers at ldaps://127.0.0.1:${port}.`)).toBeVisible();
  });
});
