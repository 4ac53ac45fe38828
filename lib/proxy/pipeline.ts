/**
 * # The door
 *
 * One address before all clusters. It promises: whoever comes in is exactly one living person, known by a credential that is good at this
 * moment; a cluster sees that person, with the groups computed for them now, and nobody else; and when the person is out, so is everything
 * they hold open, within the second. It trusts the world that the change feed keeps in memory, and its own clock for leases. It refuses
 * whatever two readers could read differently, and whatever it cannot decide.
 *
 * Every request and every upgrade walks the table below, from the top. Each row takes what the former has proven and proves one thing more,
 * so a row out of place does not compile, and there is no second way in. What a client may say ends at `receive`; what a cluster hears
 * begins at `impersonate`. Behind the table stands the stream registry: subscribe, then ask the gate again, then open (`admission.ts`).
 *
 * | step            | proves                                                              | or answers          |
 * |-----------------|---------------------------------------------------------------------|---------------------|
 * | receive         | one way to read it                                                   | 400, 431            |
 * | authenticate    | a living person by a good credential, as of less than 5 s ago        | 401, 503            |
 * | ownVoice        | they do not ask to be somebody else                                  | 403                 |
 * | resolveCluster  | a cluster where the person has a right now                           | 403, 404            |
 * | describe        | what is asked for, as the API server will read it                    |                     |
 * | authorize       | within the credential, on fresh facts, under a name the cluster knows | 403, 503            |
 * | ownNamespaces   | a listing of namespaces shows their own                              | 410                 |
 * | impersonate     | a head that names exactly this person                                | 500, 503            |
 */
import type { Desk } from './desk.ts';
import { authenticate } from './steps/authenticate.ts';
import { authorize } from './steps/authorize.ts';
import { describe } from './steps/describe.ts';
import { type Impersonated, impersonate } from './steps/impersonate.ts';
import { ownNamespaces } from './steps/own-namespaces.ts';
import { ownVoice } from './steps/own-voice.ts';
import { receive } from './steps/receive.ts';
import { resolveCluster } from './steps/resolve-cluster.ts';
import type { Arrival } from './types.ts';

type Step<Former, Next> = (former: Former, desk: Desk) => Next | Promise<Next>;
/** Told after each step how far a request came, so that a refusal can be logged with what was known by then. */
export type Progress = (reached: Partial<Impersonated>) => void;

interface Table<First, Last> {
  next<Next>(step: Step<Last, Next>): Table<First, Next>;
  walk(first: First, desk: Desk, progress: Progress): Promise<Last>;
}

export const table = begin(receive)
  .next(authenticate)
  .next(ownVoice)
  .next(resolveCluster)
  .next(describe)
  .next(authorize)
  .next(ownNamespaces)
  .next(impersonate);

export function admit(arrival: Arrival, desk: Desk, progress: Progress): Promise<Impersonated> {
  return table.walk(arrival, desk, progress);
}

function begin<First, Next>(step: Step<First, Next>): Table<First, Next> {
  return tableOf<First, Next>([step as Step<unknown, unknown>]);
}

function tableOf<First, Last>(steps: readonly Step<unknown, unknown>[]): Table<First, Last> {
  return {
    next: <Next>(step: Step<Last, Next>) => tableOf<First, Next>([...steps, step as Step<unknown, unknown>]),
    async walk(first, desk, progress) {
      let reached: unknown = first;
      for (const step of steps) {
        const next = step(reached, desk);
        reached = next instanceof Promise ? await next : next;
        progress(reached as Partial<Impersonated>);
      }
      return reached as Last;
    },
  };
}
