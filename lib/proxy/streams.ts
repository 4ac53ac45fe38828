/**
 * Everything that is open at this door, by id. A stream is here before it asks the gate for the last time (subscribe, check, open), so none
 * slips through between a check and a cut. Cutting is the stream's own doing, for only it knows how to end truthfully; that it happened, why
 * and when is kept here for the audit log and for acknowledgements.
 */
import type { CutFact } from '#lib/revocation/acks.ts';
import type { GateReason } from '#lib/revocation/gate.ts';

export type StreamKind = 'request' | 'watch' | 'follow' | 'exec' | 'attach' | 'portforward' | 'proxied' | 'upgrade';
export type CutReason = GateReason | 'right-withdrawn' | 'cluster-removed' | 'namespaces-changed' | 'directory-not-fresh' | 'stopping';

export interface StreamFacts {
  readonly kind: StreamKind;
  readonly personId: string;
  readonly personName: string;
  readonly directoryId: string;
  readonly credentialId: string;
  readonly clusterId: string;
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Where it was opened from. */
  readonly address: string | null;
  readonly platformGroups: readonly string[];
  /** The set of namespaces a listing was narrowed to; null when it was not. */
  readonly shownNamespaces: string | null;
  readonly freshnessBoundMs: number;
}

export interface Stream extends StreamFacts {
  readonly id: string;
  readonly openedAt: Date;
  /** Set once, when cut; whatever was cut opens nothing any more. */
  readonly cutFor: CutReason | null;
  onCut(end: (reason: CutReason) => void): void;
  close(): void;
}

export interface Streams {
  readonly size: number;
  register(id: string, facts: StreamFacts): Stream;
  countOf(personId: string): number;
  open(): readonly Stream[];
  has(stream: Stream): boolean;
  cut(stream: Stream, reason: CutReason): void;
}

interface Held {
  readonly stream: Stream & { cutFor: CutReason | null };
  end: ((reason: CutReason) => void) | null;
}

export function createStreams({ onCut, now }: { onCut(stream: Stream, cut: CutFact): void; now(): Date }): Streams {
  const held = new Map<string, Held>();
  const perPerson = new Map<string, number>();

  function remove({ id, personId }: Stream): void {
    if (!held.delete(id)) return;
    const left = (perPerson.get(personId) ?? 1) - 1;
    if (left === 0) perPerson.delete(personId);
    else perPerson.set(personId, left);
  }

  return {
    get size() {
      return held.size;
    },
    register(id, facts) {
      const own: Held = {
        end: null,
        stream: {
          ...facts,
          id,
          openedAt: now(),
          cutFor: null,
          onCut(end) {
            own.end = end;
            const { cutFor } = own.stream;
            if (cutFor !== null) end(cutFor);
          },
          close: () => remove(own.stream),
        },
      };
      held.set(id, own);
      perPerson.set(facts.personId, (perPerson.get(facts.personId) ?? 0) + 1);
      return own.stream;
    },
    countOf: (personId) => perPerson.get(personId) ?? 0,
    has: ({ id }) => held.has(id),
    open: () => [...held.values()].map(({ stream }) => stream),
    cut(stream, reason) {
      const own = held.get(stream.id);
      if (!own) return;
      own.stream.cutFor = reason;
      remove(stream);
      own.end?.(reason);
      const { id, kind, personId, credentialId, clusterId, resource, namespace, name } = stream;
      onCut(stream, { stream: id, kind, personId, credentialId, clusterId, resource, namespace, name, reason, at: now().toISOString() });
    },
  };
}
