/**
 * One kubectl command on two ways to the same cluster: straight to the API server, impersonating by the admin's certificate exactly whom the
 * door impersonates, and through the door with the person's own kubeconfig. Each way has a world of its own (a namespace, and a suffix for
 * what has none), so that changes do not meet; what both print is compared after the two worlds' names are made one.
 *
 * Only what must differ between two runs is made equal: versions, ids, times and ages, addresses, names that Kubernetes draws by lot.
 */
import { expect, test } from '@playwright/test';
import type { DemoCluster, DemoContract } from '#e2e/scene/contract.ts';
import { eventually } from '#e2e/scene/eventually.ts';
import { Kubectl, type Outcome } from '#e2e/test/kubectl.ts';

export interface Identity {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

export interface Way {
  readonly name: 'direct' | 'behind';
  /** This way's own namespace. */
  readonly ns: string;
  /** One that both ways read, so that both see the same objects. */
  readonly one: string;
  /** For names of objects without a namespace. */
  readonly suffix: string;
  readonly server: string;
  readonly kubectl: (env?: Readonly<Record<string, string>>) => Kubectl;
  /** What stands before each command's own arguments. */
  readonly flags: readonly string[];
}

export interface Command {
  /** Written as a person types it, `$NS` for the way's own namespace, `$ONE` for the one of both, `$X` for the way's suffix; or arguments, where one holds spaces. */
  readonly run: string | readonly string[];
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How it must end on both ways; 0 unless said. */
  readonly code?: number;
  /** What both must print: parity of two mistakes is none. */
  readonly says?: RegExp;
  /** The order of lines, or of the items of a list, is not defined. */
  readonly unordered?: boolean;
  /** Changes the world: run once. Anything else may be asked again until what it shows has settled. */
  readonly changes?: boolean;
  /** Anything more that must differ. */
  readonly also?: (text: string) => string;
}

export async function identityThroughTheDoor(contract: DemoContract, kubeconfig: string, cluster: DemoCluster): Promise<Identity> {
  const { code, stdout, stderr } = await new Kubectl(contract.kubectl, kubeconfig).run(
    ...['--context', cluster.name, 'auth', 'whoami', '-o', 'json'],
  );
  if (code !== 0) throw new Error(`whoami on ${cluster.name}: ${stderr}`);
  return (JSON.parse(stdout) as { status: { userInfo: Identity } }).status.userInfo;
}

export function waysTo(contract: DemoContract, cluster: DemoCluster, kubeconfig: string, who: Identity, run: string): readonly [Way, Way] {
  const { username, uid, groups } = who;
  const impersonating = [`--as=${username}`, `--as-uid=${uid}`, ...groups.map((group) => `--as-group=${group}`)];
  const way = (name: Way['name'], file: string, server: string, flags: readonly string[]): Way => ({
    name,
    ns: `${run}-${name}`,
    one: `${run}-direct`,
    suffix: `${run}-${name}`,
    server,
    flags,
    kubectl: (env) => new Kubectl(contract.kubectl, file, env),
  });
  return [
    way('direct', cluster.adminKubeconfig, cluster.server, impersonating),
    way('behind', kubeconfig, `${contract.proxy.url}${cluster.proxyPath}`, ['--context', cluster.name]),
  ];
}

/** The arguments for one way. */
export function argumentsOf(way: Way, run: Command['run']): string[] {
  const words = typeof run === 'string' ? run.split(' ') : run;
  return [...way.flags, ...words.map((word) => fill(way, word))];
}

export const fill = (way: Way, text: string) => text.replaceAll('$NS', way.ns).replaceAll('$ONE', way.one).replaceAll('$X', way.suffix);

/** Runs the commands in turn, each on both ways at once, and reports each that differs. */
export async function sameOnBoth(ways: readonly [Way, Way], commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    const words = typeof command.run === 'string' ? command.run : command.run.join(' ');
    await test.step(`kubectl ${words}`, () => compare(ways, command, words));
  }
}

const settleWithinMs = 10_000;

async function compare(ways: readonly [Way, Way], command: Command, words: string): Promise<void> {
  const onBoth = async () => {
    const [direct, behind] = await Promise.all(ways.map(async (way) => shown(ways, way, command, await runOn(way, command))));
    return { direct, behind };
  };
  const good = ({ direct, behind }: Awaited<ReturnType<typeof onBoth>>) =>
    JSON.stringify(direct) === JSON.stringify(behind) &&
    direct?.code === (command.code ?? 0) &&
    (command.says?.test(`${direct.stdout}${direct.stderr}`) ?? true);
  const seen = command.changes ? await onBoth() : await eventually(onBoth, good, words, settleWithinMs).catch(() => onBoth());
  expect.soft(seen.behind, `kubectl ${words}: behind the door as direct`).toEqual(seen.direct);
  expect.soft(seen.direct?.code, `kubectl ${words} ended direct with: ${seen.direct?.stderr}`).toBe(command.code ?? 0);
  if (command.says) expect.soft(`${seen.direct?.stdout}${seen.direct?.stderr}`, `kubectl ${words}`).toMatch(command.says);
}

function runOn(way: Way, { run, input, env }: Command): Promise<Outcome> {
  return way.kubectl(env).withInput(fill(way, input ?? ''), ...argumentsOf(way, run));
}

function shown(ways: readonly Way[], way: Way, command: Command, { code, stdout, stderr }: Outcome): Outcome {
  const read = (text: string) => (command.also ?? String)(normalised(ways, way, text, command.unordered ?? false));
  return { code, stdout: read(stdout), stderr: read(stderr) };
}

const drawnByLot = '[bcdfghjklmnpqrstvwxz2456789]{5}';
const equalisers: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, 'TIME'],
  [/^([IWE])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 '],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
  [/("?resourceVersion"?: ?)"\d+"/g, '$1"RV"'],
  [/\b127\.0\.0\.1:\d+\b/g, 'ADDRESS'],
  [/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g, 'IP'],
  [new RegExp(`(-[0-9a-f]{6,10})-${drawnByLot}\\b`, 'g'), '$1-LOT'],
  [new RegExp(`(kube-api-access|lot)-${drawnByLot}\\b`, 'g'), '$1-LOT'],
  [/\.[0-9a-f]{16}\b/g, '.EVENT'],
  [/\/(LIVE|MERGED)-\d+/g, '/$1'],
  [/\b(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ms|[dhms])\b/g, 'AGE'],
  [/<(invalid|unknown)>/g, 'AGE'],
  // Columns are as wide as their widest age or name.
  [/(?<=\S) {2,}/g, ' '],
  [/ +$/gm, ''],
];

function normalised(ways: readonly Way[], way: Way, text: string, unordered: boolean): string {
  // What all may list shows both worlds, on either way.
  let read = text.replaceAll(way.server, 'SERVER');
  for (const { ns } of ways) read = read.replaceAll(ns, 'NS');
  for (const [pattern, instead] of equalisers) read = read.replace(pattern, instead);
  return unordered ? read.split('\n').toSorted().join('\n') : read;
}
