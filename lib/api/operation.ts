/**
 * An operation: one thing that the portal can do, said once.
 *
 * A room describes each of its operations here with what it takes, what it gives and who may; the page loader, the REST route and the
 * OpenAPI document are all made from that one description, so none of them can know a door that the others do not. An operation is never
 * run by calling `run`: `lib/api/perform.ts` gates, parses, runs and parses again, and it is the only place that does.
 */
import type { z } from 'zod';
import type { Viewer } from '#lib/session/viewer.ts';
import type { PortalContext } from './context.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * `auditor` lets auditors and admins in; `person` anyone who is signed in and live; `anyone` needs no viewer at all. `setup` is an admin, or,
 * while the installation is not set up yet, whoever showed the one-time setup code: the only operations that can run before anybody exists.
 */
export type Allow = 'anyone' | 'setup' | 'person' | 'auditor' | 'admin';

/** Who may be missing where nobody has to be signed in. */
export type ViewerFor<Who extends Allow> = Who extends 'anyone' | 'setup' ? Viewer | null : Viewer;

/** What an operation that answers with a file says of it. Its output is then one string. */
export type Media = { readonly type: 'text/csv' | 'application/yaml'; readonly filename: string };

export type Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType, Who extends Allow = Allow> = {
  /** 'room.verb', also OpenAPI's operationId. */
  readonly id: string;
  readonly method: Method;
  /** Below /api/v1, with {parameters} that are fields of the input. */
  readonly path: string;
  readonly summary: string;
  readonly allow: Who;
  /** It gives access: refused while the directory has been silent for too long (lib/entitlement/fresh-facts.ts). */
  readonly onFreshFacts?: true;
  /** It is about what a person of the directory holds: a local account (break-glass) has none of it and is told so. */
  readonly ofPerson?: true;
  /** Path parameters, query and body in one flat object. Path and query values arrive as strings: `z.coerce` what is not one. */
  readonly input: Input;
  readonly output: Output;
  /** 200 unless said. */
  readonly status?: number;
  readonly media?: Media;
  run(context: PortalContext, viewer: ViewerFor<Who>, input: z.output<Input>): Promise<z.input<Output>>;
};

export function operation<Input extends z.ZodObject, Output extends z.ZodType, Who extends Allow>(
  described: Operation<Input, Output, Who>,
): Operation<Input, Output, Who> {
  return Object.freeze(described);
}

/** Any operation, for tables of them. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds operations of every shape; perform() parses before it calls.
export type AnyOperation = Operation<any, any, any>;
