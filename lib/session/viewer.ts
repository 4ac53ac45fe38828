/**
 * The viewer: a person who has shown who they are on this very request, and what they may do in the portal right now.
 *
 * A Viewer is minted only here, only from the World's present standing of the person; nobody can write one down as a literal. It lives as
 * long as one request and is never cached: powers that ended a second ago are not in it.
 */
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
  readonly via: 'session' | 'token';
  /** The portal session's id when via is 'session'. */
  readonly sessionId?: string;
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

/** The actor of audit records that this viewer's acts leave behind. */
export function actorOf(viewer: Viewer): { kind: 'person'; id: string; name: string } {
  return { kind: 'person', id: viewer.person.id, name: viewer.person.upn ?? viewer.person.displayName };
}
