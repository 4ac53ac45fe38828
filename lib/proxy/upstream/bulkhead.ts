/** How much of the door one cluster may hold: so many requests under way, so many waiting, each of those not for long. The rest is refused at once. */
export interface Entrant {
  enter(): void;
  refuse(): void;
}

export interface Bulkhead {
  readonly waiting: number;
  come(entrant: Entrant): void;
  leave(): void;
  /** One that waits no more. */
  forget(entrant: Entrant): void;
  refuseLate(): void;
}

export interface BulkheadLimits {
  readonly underWayMax: number;
  readonly waitingMax: number;
  readonly waitMs: number;
}

export function createBulkhead({ underWayMax, waitingMax, waitMs }: BulkheadLimits): Bulkhead {
  /** In the order of their coming, which is the order of their ends too. */
  const queue = new Map<Entrant, number>();
  let underWay = 0;
  return {
    get waiting() {
      return queue.size;
    },
    come(entrant) {
      if (underWay < underWayMax) {
        underWay += 1;
        entrant.enter();
      } else if (queue.size < waitingMax) queue.set(entrant, performance.now() + waitMs);
      else entrant.refuse();
    },
    leave() {
      const [next] = queue.keys();
      if (next === undefined) underWay -= 1;
      else {
        queue.delete(next);
        next.enter();
      }
    },
    forget: (entrant) => void queue.delete(entrant),
    refuseLate() {
      for (const [entrant, until] of queue) {
        if (performance.now() < until) return;
        queue.delete(entrant);
        entrant.refuse();
      }
    },
  };
}
