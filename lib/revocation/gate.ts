/**
 * The gate: may this person, by this credential, act right now? One answer for a new request, for a stream about to open and for a stream
 * that is open, so that none of them can be judged by another rule. It reads memory alone and never waits. A process that could not read
 * the order of changes within its lease knows nothing, and the gate says so before it says anything else.
 */
import { flawOf } from '#lib/credential/verify.ts';
import type { RefusalReason, World } from '#lib/entitlement/types.ts';

export type GateReason = 'lease-over' | 'credential-unknown' | 'credential-revoked' | 'credential-expired' | `account-${RefusalReason}`;

export interface Gate {
  leaseIsGood(): boolean;
  /** Null = may pass. */
  refusal(personId: string, credentialId: string, now: Date): GateReason | null;
}

export interface Lease {
  leaseIsGood(): boolean;
}

export function createGate({ world, lease }: { world: Pick<World, 'standing' | 'credential'>; lease: Lease }): Gate {
  return {
    leaseIsGood: () => lease.leaseIsGood(),
    refusal(personId, credentialId, now) {
      if (!lease.leaseIsGood()) return 'lease-over';
      const credential = world.credential(credentialId);
      if (!credential || credential.personId !== personId) return 'credential-unknown';
      const flaw = flawOf(credential, now);
      if (flaw) return `credential-${flaw}`;
      const standing = world.standing(personId, now);
      return standing === 'live' ? null : `account-${standing.reason}`;
    },
  };
}
