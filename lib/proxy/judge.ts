/**
 * Would this stream still be let in? Asked of every open stream after each change and by the clock, with the same facts that let it in. A
 * stream that was opened with a right its person has lost is cut, also where another right would do: the client comes again and is judged
 * afresh, and nobody works on with what was taken away.
 */
import type { Desk } from './desk.ts';
import { setOf } from './namespace-watches.ts';
import { isFresh } from './steps/authorize.ts';
import type { CutReason, Stream } from './streams.ts';

export type Judge = (stream: Stream) => CutReason | null;

/** One judge per sweep: a person with a thousand streams is looked up once. */
export function createJudge({ world, gate, now }: Pick<Desk, 'world' | 'gate' | 'now'>): Judge {
  const at = now();
  const refusals = remembering((personId: string, credentialId: string) => gate.refusal(personId, credentialId, at));
  const groups = remembering((personId: string, clusterId: string) => new Set(world.platformGroups(personId, clusterId, at)));
  const namespaces = remembering((personId: string, clusterId: string) => {
    const own = world.namespacesOf(personId, clusterId, at);
    return own === 'all' ? null : setOf(own);
  });

  return (stream) => {
    const refusal = refusals(stream.personId, stream.credentialId);
    if (refusal) return refusal;
    if (!isFresh(world, stream, stream.freshnessBoundMs, at)) return 'directory-not-fresh';
    const cluster = world.cluster(stream.clusterId);
    if (!cluster || cluster.state === 'wrong-cluster') return 'cluster-removed';
    const held = groups(stream.personId, stream.clusterId);
    if (!stream.platformGroups.every((group) => held.has(group))) return 'right-withdrawn';
    if (stream.shownNamespaces !== null && namespaces(stream.personId, stream.clusterId) !== stream.shownNamespaces)
      return 'namespaces-changed';
    return null;
  };
}

function remembering<T>(ask: (a: string, b: string) => T): (a: string, b: string) => T {
  const known = new Map<string, T>();
  return (a, b) => {
    const key = `${a} ${b}`;
    if (!known.has(key)) known.set(key, ask(a, b));
    return known.get(key) as T;
  };
}
