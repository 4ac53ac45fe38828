/**
 * Would this stream still be let in? Asked of every open stream after each change and by the clock, with the same facts that let it in. A
 * stream that was opened with a right its person has lost is cut, also where another right would do: the client comes again and is judged
 * afresh, and nobody works on with what was taken away.
 */
import type { Desk } from './desk.ts';
import { setOf } from './namespace-watches.ts';
import { isFresh } from './steps/authorize.ts';
import { shownNamespaces } from './steps/narrowing.ts';
import type { CutReason, Stream } from './streams.ts';

export type Judge = (stream: Stream) => CutReason | null;

type Ask<T> = (a: string, b: string) => T;

/** One judge per sweep: a person with a thousand streams is looked up once. */
export function createJudge(desk: Pick<Desk, 'world' | 'gate' | 'now'>): Judge {
  return judgeWith(desk, remembering);
}

/** For one stream alone, as it opens: by the same rule, with nothing kept. */
export function judgeOne(desk: Pick<Desk, 'world' | 'gate' | 'now'>, stream: Stream): CutReason | null {
  return judgeWith(desk, (ask) => ask)(stream);
}

function judgeWith({ world, gate, now }: Pick<Desk, 'world' | 'gate' | 'now'>, once: <T>(ask: Ask<T>) => Ask<T>): Judge {
  const at = now();
  const refusals = once((personId, credentialId) => gate.refusal(personId, credentialId, at));
  const groups = once((personId, clusterId) => world.platformGroups(personId, clusterId, at));
  const namespaces = once((credentialId, clusterId) => {
    const credential = world.credential(credentialId);
    if (!credential) return null;
    const own = shownNamespaces(world.namespacesOf(credential.personId, clusterId, at), credential.namespaces);
    return own === null ? null : setOf(own);
  });

  return (stream) => {
    const refusal = refusals(stream.personId, stream.credentialId);
    if (refusal) return refusal;
    if (!isFresh(world, stream, stream.freshnessBoundMs, at)) return 'directory-not-fresh';
    const cluster = world.cluster(stream.clusterId);
    if (!cluster || cluster.state === 'wrong-cluster') return 'cluster-removed';
    const held = groups(stream.personId, stream.clusterId);
    // The world gives the same list for as long as nothing has changed in it.
    if (held !== stream.platformGroups && !stream.platformGroups.every((group) => held.includes(group))) return 'right-withdrawn';
    if (stream.shownNamespaces !== null && namespaces(stream.credentialId, stream.clusterId) !== stream.shownNamespaces)
      return 'namespaces-changed';
    return null;
  };
}

function remembering<T>(ask: Ask<T>): Ask<T> {
  const known = new Map<string, T>();
  return (a, b) => {
    const key = `${a} ${b}`;
    if (!known.has(key)) known.set(key, ask(a, b));
    return known.get(key) as T;
  };
}
