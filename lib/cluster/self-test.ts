/**
 * What our two accounts may do in a cluster, proven by asking and by trying: what they need, and above all what they must not. Before a
 * cluster counts as ours, daily, and whenever an admin wants to know. A cluster where every account may read secrets, say, would make the door
 * more than its list of names; we do not go in there, and when it comes to be so later, it is told.
 *
 * Asked is the API server's own authorizer (SelfSubjectAccessReview), for each account in its own name. Tried are real requests with the
 * door's token as somebody else, because who may be impersonated is decided before the authorizer ever sees the request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from '#lib/errors/fault.ts';
import { onBehalf } from './ceiling.ts';
import type { Access, ClusterClient, Identity } from './client.ts';
import { probeName, systemNamespace, trialName } from './names.ts';
import { actingAs, type ImpersonationMode } from './powers.ts';
import type { SelfTestCheck } from './powers-schema.ts';
import { inWords } from './rights.ts';

const rbac = 'rbac.authorization.k8s.io';
const authentication = 'authentication.k8s.io';
const unlistedPerson = 'gatehouse:nobody-has-this-name';
const controllerManager = 'system:kube-controller-manager';

export interface Circumstances {
  readonly installationId: string;
  readonly mode: ImpersonationMode;
  readonly strict: boolean;
  /** Some role in use reaches secrets in kube-system; then the ceiling has to let them through. */
  readonly secretsWithinReach: boolean;
}

export interface Proof {
  readonly checks: readonly SelfTestCheck[];
  /** Whether the server knows constrained impersonation, shown by a request that nothing else lets through; null: it could not be tried. */
  readonly constrained: boolean | null;
}

interface Question {
  readonly words: string;
  ask(): Promise<boolean>;
}

/** A new grant reaches the authorizer through a watch, and so does the end of one: usually in milliseconds, so we ask again for a while. */
const patienceMs = 8_000;
const patienceForAnEndMs = 2_000;
const patienceForTheTrialMs = 300;
const askAgainAfterMs = 100;

export async function proveAccounts(door: ClusterClient, reconciler: ClusterClient, circumstances: Circumstances): Promise<Proof> {
  const constrained = knowsConstrained(door, circumstances);
  const checks = Promise.all([
    ...doorNeeds(door, circumstances).map(mustBeAllowed('door')),
    ...doorMustNot(door, circumstances).map(mustBeRefused('door')),
    ...reconcilerNeeds.map((access) => asked(reconciler, access)).map(mustBeAllowed('reconciler')),
    ...reconcilerMustNot.map((access) => asked(reconciler, access)).map(mustBeRefused('reconciler')),
  ]);
  const [known, found] = await Promise.all([constrained, checks]);
  return { checks: found, constrained: known };
}

export function failuresIn(checks: readonly SelfTestCheck[]): SelfTestCheck[] {
  return checks.filter(({ expected, found }) => expected !== found);
}

/** For a registration, which ends here when something is not as it must be. */
export function requireAsExpected({ checks }: Proof): void {
  const failures = failuresIn(checks);
  const missing = failures.find(({ expected }) => expected === 'allowed');
  if (missing) {
    throw fault(
      'upstream',
      'cluster.self-test-failed',
      `The self-test failed: ${accountWords[missing.account]} may not ${missing.words}, although the cluster took the role that says so. Check whether something there rewrites RBAC.`,
    );
  }
  const [first] = failures;
  if (!first) return;
  const tooMuch = failures.filter(({ account }) => account === first.account).map(({ words }) => words);
  throw fault(
    'conflict',
    'cluster.self-test-failed',
    `The self-test failed: in this cluster ${accountWords[first.account]} may ${tooMuch.join('; ')}, which we did not ask for. Some binding there gives it to every account; remove that first.`,
  );
}

export const accountWords = { door: 'the door’s account', reconciler: 'the reconciler’s account' } as const;

// ── the door ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function doorNeeds(door: ClusterClient, { installationId, mode }: Circumstances): Question[] {
  const probe = probeName(installationId);
  return [
    asked(door, actingAs(mode, 'groups', 'system:authenticated')),
    asked(door, actingAs(mode, 'users', probe)),
    {
      words: 'read the UID of kube-system as the probe',
      ask: () => door.mayReadAs({ user: probe, group: probe }, 'Namespace', 'kube-system'),
    },
    ...(mode === 'constrained' ? [asked(door, { verb: onBehalf('get'), path: '/version' })] : []),
  ];
}

function doorMustNot(door: ClusterClient, { installationId, mode, strict, secretsWithinReach }: Circumstances): Question[] {
  const probe = probeName(installationId);
  const modes = ['classic', 'constrained'] as const;
  return [
    ...modes.flatMap((each) => [
      asked(door, actingAs(each, 'groups', 'system:masters')),
      asked(door, actingAs(each, 'groups', 'system:nodes')),
      ...(strict ? [asked(door, actingAs(each, 'users', controllerManager)), asked(door, actingAs(each, 'users', unlistedPerson))] : []),
    ]),
    ...(mode === 'constrained' ? [asked(door, actingAs('classic', 'users', probe))] : []),
    ...[
      { verb: 'impersonate', resource: 'serviceaccounts', namespace: 'kube-system', name: 'default' },
      { verb: 'impersonate:serviceaccount', group: authentication, resource: 'serviceaccounts', namespace: 'kube-system', name: 'default' },
      { verb: 'impersonate:arbitrary-node', group: authentication, resource: 'nodes', name: '*' },
      { verb: 'impersonate:associated-node', group: authentication, resource: 'nodes', name: '*' },
      { verb: '*', group: '*', resource: '*' },
      { verb: 'get', resource: 'secrets' },
      { verb: 'get', resource: 'secrets', namespace: systemNamespace },
      { verb: 'list', resource: 'pods' },
      { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'kube-system' },
      { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: systemNamespace },
      { verb: 'create', group: rbac, resource: 'clusterrolebindings' },
      { verb: 'patch', group: rbac, resource: 'clusterroles' },
      { verb: 'bind', group: rbac, resource: 'clusterroles', name: 'cluster-admin' },
      // The ceiling, where there is one; elsewhere nobody may hold such a right either.
      ...(secretsWithinReach ? [] : [{ verb: onBehalf('get'), resource: 'secrets', namespace: 'kube-system', name: 'any' }]),
    ].map((access) => asked(door, access)),
    tried(door, 'a member of system:masters', { user: probe, group: 'system:masters' }),
    tried(door, 'the service account kube-system/default', { user: 'system:serviceaccount:kube-system:default' }),
    tried(door, 'a node', { user: 'system:node:any-node', group: 'system:nodes' }),
    ...(strict
      ? [
          tried(door, controllerManager, { user: controllerManager }),
          tried(door, 'a person who has no right here', { user: unlistedPerson, group: 'system:authenticated' }),
        ]
      : []),
  ];
}

/** In classic mode a user stands in a constrained rule alone; in constrained mode the probe does. */
async function knowsConstrained(door: ClusterClient, { installationId, mode }: Circumstances): Promise<boolean | null> {
  const user = mode === 'constrained' ? probeName(installationId) : trialName(installationId);
  if (!(await eventually(() => door.mayI(actingAs('constrained', 'users', user)), patienceForAnEndMs))) return null;
  // The rule is there; where the server does not know the verb, waiting would not teach it.
  return eventually(() => door.mayBe({ user }), patienceForTheTrialMs);
}

// ── the reconciler ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const reconcilerNeeds: readonly Access[] = [
  { verb: 'patch', group: rbac, resource: 'clusterroles' },
  { verb: 'escalate', group: rbac, resource: 'clusterroles' },
  { verb: 'bind', group: rbac, resource: 'clusterroles' },
  { verb: 'patch', resource: 'namespaces' },
  { verb: 'patch', resource: 'resourcequotas' },
];

const reconcilerMustNot: readonly Access[] = [
  actingAs('classic', 'users', unlistedPerson),
  actingAs('classic', 'groups', 'system:masters'),
  actingAs('constrained', 'users', unlistedPerson),
  { verb: 'get', resource: 'secrets' },
  { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'kube-system' },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'kube-system', name: 'default' },
  { verb: 'delete', resource: 'namespaces', name: 'kube-system' },
];

// ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function asked(client: ClusterClient, access: Access): Question {
  return { words: inWords(access), ask: () => client.mayI(access) };
}

function tried(door: ClusterClient, whom: string, identity: Identity): Question {
  return { words: `act as ${whom}, when it tries`, ask: () => door.mayBe(identity) };
}

function mustBeAllowed(account: SelfTestCheck['account']) {
  return async ({ words, ask }: Question): Promise<SelfTestCheck> => ({
    account,
    words,
    expected: 'allowed',
    found: (await eventually(ask)) ? 'allowed' : 'refused',
  });
}

function mustBeRefused(account: SelfTestCheck['account']) {
  return async ({ words, ask }: Question): Promise<SelfTestCheck> => ({
    account,
    words,
    expected: 'refused',
    found: (await eventually(async () => !(await ask()), patienceForAnEndMs)) ? 'refused' : 'allowed',
  });
}

export async function eventually(question: () => Promise<boolean>, withinMs = patienceMs): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await question()) return true;
    if (performance.now() > deadline) return false;
    await sleep(askAgainAfterMs);
  }
}
