/**
 * The one place that runs an operation: gate, parse, run, parse again. REST routes and page loaders both come through here, so there is no
 * second idea anywhere of who may do what. It trusts nobody: not the caller's input (objects where scalars are expected, fields that do not
 * exist), and not the operation's own output (what its schema does not name is dropped, so a stray secret column cannot leave).
 */
import type { z } from 'zod';
import { requireFreshFacts } from '#lib/entitlement/fresh-facts.ts';
import { Fault, fault } from '#lib/errors/fault.ts';
import type { Powers, Viewer } from '#lib/session/viewer.ts';
import type { PortalContext } from './context.ts';
import type { Allow, AnyOperation, Operation } from './operation.ts';

/** Who stands before the gate: a viewer or nobody, and whether the setup is open to them. */
export type Caller = { readonly viewer: Viewer | null; readonly holdsSetup: boolean };

export async function perform<Input extends z.ZodObject, Output extends z.ZodType, Who extends Allow>(
  operation: Operation<Input, Output, Who>,
  context: PortalContext,
  caller: Caller,
  readInput: () => unknown,
): Promise<z.output<Output>>;
/** The input is read only behind the gate: a stranger's megabyte is not even looked at. */
export async function perform(operation: AnyOperation, context: PortalContext, caller: Caller, readInput: () => unknown): Promise<unknown> {
  gate(operation, caller);
  const input = parseInput(operation, await readInput());
  if (operation.onFreshFacts && caller.viewer && caller.viewer.via !== 'break-glass')
    requireFreshFacts(context.world, caller.viewer.person.id, context.now);
  const result = await operation.run(context, caller.viewer, input);
  const output = operation.output.safeParse(result);
  if (!output.success) {
    throw fault('internal', 'api.answer-malformed', 'Something went wrong on our side. Try again, and quote the code if it stays.', {
      detail: `${operation.id} answered against its own schema: ${output.error.issues.map((issue: z.core.$ZodIssue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    });
  }
  return output.data;
}

/** What a local account is told that asks for what only a person of the directory has. */
export const noPersonCode = 'api.no-person';

export function gate(operation: AnyOperation, { viewer, holdsSetup }: Caller): void {
  if (viewer?.credential?.readOnly && operation.method !== 'GET') {
    throw fault('forbidden', 'api.token-read-only', 'This token may only read. Use one that may write, or do this in the portal.');
  }
  const allow: Allow = operation.allow;
  if (allow === 'anyone' || (allow === 'setup' && holdsSetup)) return;
  if (!viewer) throw fault('unauthenticated', 'session.required', 'Sign in first.');
  if (viewer.via === 'break-glass' && operation.ofPerson) {
    throw fault(
      'forbidden',
      noPersonCode,
      'A break-glass session administers this portal. It has no access to any cluster, no kubeconfig and no token of its own.',
    );
  }
  if (allow === 'auditor') requirePower(viewer.powers, 'auditor');
  else if (allow !== 'person') requirePower(viewer.powers, 'admin');
}

function requirePower({ admin, auditor }: Powers, power: keyof Powers): void {
  if (admin || (power === 'auditor' && auditor)) return;
  throw fault(
    'forbidden',
    `api.needs-${power}`,
    power === 'admin'
      ? 'Only a platform admin may do this. A platform admin can grant you the role “platform-admin” on all clusters.'
      : 'Only an auditor or a platform admin may see this. A platform admin can grant you the role “auditor” on all clusters.',
  );
}

function parseInput(operation: AnyOperation, raw: unknown): unknown {
  const parsed = strictly(operation.input).safeParse(raw);
  if (parsed.success) return parsed.data;
  throw badInput(parsed.error);
}

/** A field nobody asked for is a mistake or an attempt; either way the caller should hear of it. Made once per schema. */
const strictSchemas = new WeakMap<z.ZodObject, z.ZodObject>();
function strictly(schema: z.ZodObject): z.ZodObject {
  let strict = strictSchemas.get(schema);
  if (!strict) {
    strict = schema.strict();
    strictSchemas.set(schema, strict);
  }
  return strict;
}

function badInput(error: z.ZodError): Fault {
  const fields: Record<string, string> = {};
  for (const issue of error.issues.slice(0, 50)) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [issue.path.join('.')];
    for (const name of names) fields[name.slice(0, 100)] ??= issue.code === 'unrecognized_keys' ? 'There is no such field.' : issue.message;
  }
  const named = Object.keys(fields).filter(Boolean);
  const message = named.length === 0 ? 'The input is not right.' : `The input is not right: ${named.slice(0, 5).join(', ')}.`;
  return new Fault('bad-input', 'api.bad-input', message, { fields });
}
