/** What an operation may use: the portal's own view of the world and of this one request. It holds no opening key and no directory or cluster credential. */
import type { SealingKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import type { World } from '#lib/entitlement/world.ts';

export type PortalConfig = {
  readonly portalUrl: string;
  readonly proxyUrl: string;
  /** The CA of the door's own certificate, for kubeconfigs. Null when a public CA signed it. */
  readonly proxyCaPem: string | null;
  /** The image of the joining Job; null for the product's own choice. */
  readonly joinImage: string | null;
  /** False where the configuration lets nobody in by a local account. */
  readonly breakGlass: boolean;
};

export type RequestFacts = {
  readonly id: string;
  /** The caller's address, from the socket or from a trusted proxy; null when unknown. */
  readonly address: string | null;
  readonly userAgent: string | null;
};

/** Cookies of this one answer. Always HttpOnly and SameSite=Lax; Secure and `__Host-` wherever the portal is https. Names come without the prefix. */
export type Cookies = {
  get(name: string): string | null;
  /** A null value takes the cookie away. */
  set(name: string, value: string | null, maxAgeSeconds?: number): void;
};

export type AskOptions = { readonly timeoutMs?: number };

export type PortalContext = {
  readonly db: Database;
  readonly world: World;
  readonly config: PortalConfig;
  readonly sealingKey: SealingKey;
  /** Keys the hash of credentials and sessions; opens nothing. */
  readonly hashKey: Buffer;
  readonly now: Date;
  readonly request: RequestFacts;
  readonly cookies: Cookies;
  /** Asks the worker and waits for its answer; the secret travels sealed to the worker's key. Throws the worker's Fault. */
  ask(kind: string, input: unknown, secret?: unknown, options?: AskOptions): Promise<unknown>;
  /** Starts long work and answers with the request's id at once; `requests.get` follows it. */
  begin(kind: string, input: unknown, secret?: unknown, options?: AskOptions): Promise<string>;
};
