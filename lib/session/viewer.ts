/**
 * The viewer: somebody who has shown who they are on this very request, and what they may do in the portal right now.
 *
 * A Viewer is minted only here, from the World's present standing of a person, or from the living session of a local account (break-glass),
 * which is no person: it administers, and whatever is a person's own it has not. Nobody can write a Viewer down as a literal. It lives as long
 * as one request and is never cached: powers that ended a second ago are not in it.
 */
import type { Actor } from '#lib/audit/record.ts';
import type { LiveBreakGlassSession } from '#lib/breakglass/data.ts';
import type { World } from '#lib/entitlement/world.ts';

declare const minted: unique symbol;

export type ViewerPerson = {
  readonly id: string;
  readonly displayName: string;
  readonly upn: string | null;
  readonly wireName: string;
};

export type Powers = { readonly admin: boolean; readonly auditor: boolean };

export type Viewer = {
  readonly person: ViewerPerson;
  readonly powers: Powers;
  readonly via: 'session' | 'token' | 'break-glass';
  /** The portal session's id when via is 'session', the local account's when it is 'break-glass'. */
  readonly sessionId?: string;
  /** When a break-glass session is over, whatever is done in it. */
  readonly endsAt?: Date;
  /** The API token's id and limits when via is 'token'. */
  readonly credential?: { readonly id: string; readonly readOnly: boolean; readonly clusterIds: readonly string[] | null };
  readonly [minted]: true;
};

type Proof =
  | { readonly via: 'session'; readonly sessionId: string }
  | {
      readonly via: 'token';
      readonly credential: { readonly id: string; readonly readOnly: boolean; readonly clusterIds: readonly string[] | null };
    };

/** Null when the person is not live: whoever asks then has nobody to serve. */
export function viewerOf(world: World, personId: string, proof: Proof, now: Date): Viewer | null {
  if (world.standing(personId, now) !== 'live') return null;
  const person = world.person(personId);
  if (!person) return null;
  return Object.freeze({
    person: { id: person.id, displayName: person.displayName, upn: person.upn, wireName: person.wireName },
    powers: world.portalPowers(personId, now),
    ...proof,
  }) as Viewer;
}

/** A local account as if it were somebody: its id is nobody's in the World, so it holds no grant, no credential and no project. */
export function breakGlassViewer({ id, accountId, name, expiresAt }: LiveBreakGlassSession): Viewer {
  return Object.freeze({
    person: { id: accountId, displayName: name, upn: null, wireName: 'break-glass' },
    powers: { admin: true, auditor: true },
    via: 'break-glass' as const,
    sessionId: id,
    endsAt: expiresAt,
  }) as Viewer;
}

/** The actor of audit records that this viewer's acts leave behind. */
export function actorOf({ via, person }: Viewer): Actor & { readonly kind: 'person' | 'break-glass' } {
  return { kind: via === 'break-glass' ? 'break-glass' : 'person', id: person.id, name: person.upn ?? person.displayName };
}
