/**
 * Before a cluster counts as ours we ask it, as each of our two accounts, what they may do: what they need, and above all what they must
 * not. A cluster where every account may read secrets, say, would make the door more than its list of names; there we do not go in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from '#lib/errors/fault.ts';
import type { Access, ClusterClient } from './client.ts';
import { systemNamespace } from './names.ts';
import { inWords } from './rights.ts';

const rbac = 'rbac.authorization.k8s.io';
const unlistedPerson = 'gatehouse:nobody-has-this-name';

interface Expectation {
  readonly account: string;
  readonly must: readonly Access[];
  readonly mustNot: readonly Access[];
}

export const doorExpectation: Expectation = {
  account: 'the door’s account',
  must: [{ verb: 'impersonate', resource: 'groups', name: 'system:authenticated' }],
  mustNot: [
    { verb: 'impersonate', resource: 'groups', name: 'system:masters' },
    { verb: 'impersonate', resource: 'users', name: 'system:kube-controller-manager' },
    { verb: 'impersonate', resource: 'users', name: unlistedPerson },
    { verb: 'impersonate', resource: 'serviceaccounts', namespace: 'kube-system', name: 'default' },
    { verb: 'get', resource: 'secrets' },
    { verb: 'get', resource: 'secrets', namespace: systemNamespace },
    { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: systemNamespace },
    { verb: 'create', group: rbac, resource: 'clusterrolebindings' },
  ],
};

export const reconcilerExpectation: Expectation = {
  account: 'the reconciler’s account',
  must: [
    { verb: 'patch', group: rbac, resource: 'clusterroles' },
    { verb: 'escalate', group: rbac, resource: 'clusterroles' },
    { verb: 'bind', group: rbac, resource: 'clusterroles' },
    { verb: 'patch', resource: 'namespaces' },
    { verb: 'patch', resource: 'resourcequotas' },
  ],
  mustNot: [
    { verb: 'impersonate', resource: 'users', name: unlistedPerson },
    { verb: 'impersonate', resource: 'groups', name: 'system:masters' },
    { verb: 'get', resource: 'secrets' },
    { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'kube-system', name: 'default' },
    { verb: 'delete', resource: 'namespaces', name: 'kube-system' },
  ],
};

/** A new grant reaches the authorizer through a watch: usually in milliseconds, so we ask again for a little while. */
const patienceMs = 8_000;
const askAgainAfterMs = 100;

export async function selfTest(client: ClusterClient, { account, must, mustNot }: Expectation): Promise<void> {
  for (const access of must) {
    if (!(await eventually(() => client.mayI(access)))) {
      throw fault(
        'upstream',
        'cluster.self-test-failed',
        `The self-test failed: ${account} may not ${inWords(access)}, although the cluster took the role that says so. Check whether something there rewrites RBAC.`,
      );
    }
  }
  const answers = await Promise.all(mustNot.map(async (access) => ({ access, allowed: await client.mayI(access) })));
  const tooMuch = answers.filter(({ allowed }) => allowed).map(({ access }) => inWords(access));
  if (tooMuch.length === 0) return;
  throw fault(
    'conflict',
    'cluster.self-test-failed',
    `The self-test failed: in this cluster ${account} may ${tooMuch.join('; ')}, which we did not ask for. Some binding there gives it to every account; remove that first.`,
  );
}

export async function eventually(question: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if (await question()) return true;
    if (performance.now() > deadline) return false;
    await sleep(askAgainAfterMs);
  }
}
