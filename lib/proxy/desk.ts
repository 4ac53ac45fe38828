import type { Gate } from '#lib/revocation/gate.ts';
import type { GroupArrivals } from './group-arrivals.ts';
import type { NamespaceWatches } from './namespace-watches.ts';
import type { Authorized } from './steps/authorize.ts';
import type { DoorWorld, FreshnessBounds } from './types.ts';

/** What the steps have at hand: memory, and the token with which we stand before a cluster. */
export interface Desk {
  readonly world: DoorWorld;
  readonly gate: Gate;
  readonly hashKey: Buffer;
  readonly bounds: FreshnessBounds;
  readonly namespaceWatches: NamespaceWatches;
  /** At which revision this person's cluster stands. */
  revision(asked: Authorized, listsNamespaces: boolean): Promise<bigint>;
  readonly doorCredentials: DoorCredentials;
  readonly groupArrivals: GroupArrivals;
  now(): Date;
}

export interface DoorCredentials {
  token(clusterId: string): Promise<string>;
  /** The cluster did not take it, or was changed: read it anew next time. */
  forget(clusterId: string): void;
}
