/**
 * How long a revocation took, from the moment its row was written to the moment the last socket it ended was closed here: both by the
 * database's clock, so the way through the change feed is part of it. Streams that a sweep cuts for no row of revocation (a lease, a clock)
 * count only from the cut to the closed socket.
 */
export interface CutTimes {
  /** What is cut until `decided` belongs to a revocation written at this moment. */
  deciding(writtenAt: number): void;
  decided(): void;
  cut(streamId: string, kind: string): void;
  closed(streamId: string): void;
}

interface Batch {
  readonly writtenAt: number;
  left: number;
}

export function createCutTimes({
  now,
  socketClosed,
  revocationDone,
}: {
  now(): number;
  socketClosed(kind: string, seconds: number): void;
  revocationDone(seconds: number): void;
}): CutTimes {
  const open = new Map<string, { readonly kind: string; readonly cutAt: number; readonly batch: Batch | null }>();
  let deciding: Batch | null = null;

  const settle = (batch: Batch) => {
    batch.left -= 1;
    if (batch.left === 0) revocationDone(Math.max(0, (now() - batch.writtenAt) / 1_000));
  };

  return {
    deciding(writtenAt) {
      // One for the decision itself, so that a revocation that ended no stream counts too.
      deciding = { writtenAt, left: 1 };
    },
    decided() {
      const batch = deciding;
      deciding = null;
      if (batch) settle(batch);
    },
    cut(streamId, kind) {
      if (deciding) deciding.left += 1;
      open.set(streamId, { kind, cutAt: now(), batch: deciding });
    },
    closed(streamId) {
      const known = open.get(streamId);
      if (!known) return;
      open.delete(streamId);
      socketClosed(known.kind, Math.max(0, (now() - known.cutAt) / 1_000));
      if (known.batch) settle(known.batch);
    },
  };
}
