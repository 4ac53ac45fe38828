import type { World } from '#lib/entitlement/types.ts';

/** A request as it came off the wire, before anybody has judged it. */
export interface Arrival {
  readonly id: string;
  readonly method: string;
  /** The request target, byte for byte. */
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in turn, in their order and spelling. */
  readonly rawHeaders: readonly string[];
  /** True when the parser handed us the bare socket. */
  readonly upgrade: boolean;
  readonly address: string | null;
}

/** What the steps need to know of the world. */
export type DoorWorld = Pick<
  World,
  | 'installation'
  | 'person'
  | 'standing'
  | 'platformGroups'
  | 'namespacesOf'
  | 'portalPowers'
  | 'cluster'
  | 'clusterByName'
  | 'hasEntered'
  | 'credentialByHash'
  | 'credential'
  | 'freshness'
  | 'scope'
  | 'reach'
  | 'effectiveRules'
>;

/** How old the directory's last complete word about a person may be, by kind of request (SECURITY, fail-open or fail-closed). */
export interface FreshnessBounds {
  readonly sensitiveMs: number;
  readonly ordinaryMs: number;
}

export const defaultBounds: FreshnessBounds = { sensitiveMs: 15 * 60_000, ordinaryMs: 60 * 60_000 };
