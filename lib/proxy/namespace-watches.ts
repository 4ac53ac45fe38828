/**
 * Who was shown which set of namespaces. A watch shows only what changes, so a namespace that somebody may newly see would never appear in
 * one that merely resumes: when the set changes, its watches are closed, and the next watch that resumes is answered with 410, on which
 * every client lists again (PROTOCOLS B3). Bounded, in memory: what is forgotten costs a client one list at most.
 */
const rememberedMax = 50_000;

interface Shown {
  /** The set at the last list. */
  listed: string | null;
  /** Watches that were closed over a change and whose clients have not come back yet. */
  owed: number;
}

export interface NamespaceWatches {
  listed(credentialId: string, clusterId: string, set: string): void;
  closed(credentialId: string, clusterId: string): void;
  /** True when a watch that resumes would miss something; asked once per such watch. */
  mustListAgain(credentialId: string, clusterId: string, set: string): boolean;
}

export function createNamespaceWatches(): NamespaceWatches {
  const shown = new Map<string, Shown>();

  function of(credentialId: string, clusterId: string): Shown {
    const key = `${credentialId} ${clusterId}`;
    const known = shown.get(key) ?? { listed: null, owed: 0 };
    shown.delete(key);
    shown.set(key, known);
    if (shown.size > rememberedMax) shown.delete(shown.keys().next().value ?? key);
    return known;
  }

  return {
    listed(credentialId, clusterId, set) {
      of(credentialId, clusterId).listed = set;
    },
    closed(credentialId, clusterId) {
      of(credentialId, clusterId).owed += 1;
    },
    mustListAgain(credentialId, clusterId, set) {
      const known = of(credentialId, clusterId);
      if (known.owed > 0) {
        known.owed -= 1;
        return true;
      }
      return known.listed !== null && known.listed !== set;
    },
  };
}

/** One text for one set, whatever its order. */
export function setOf(namespaces: readonly string[]): string {
  return namespaces.toSorted().join(',');
}
