/**
 * How a page reads: `await load(operation, input)`. The same gate, input and output schemas as the REST API; what differs is only how a
 * refusal looks. Nobody signed in goes to the sign-in page, a local account that asks for what only a person has goes to what it is here
 * for, what does not exist (or must not be known to) is the 404 page, what is for those who administer the 403 page, and every other refusal
 * is thrown with a digest that the error page can read back, since Next hides messages of server errors from the browser. The status can only
 * tell where nothing was sent yet: pages about one thing wait for it, without a skeleton before.
 */
import { headers } from 'next/headers';
import { forbidden, notFound, redirect } from 'next/navigation';
import type { z } from 'zod';
import type { Allow, Operation } from '#lib/api/operation.ts';
import { noPersonCode, perform } from '#lib/api/perform.ts';
import { inWords } from '#lib/db/database.ts';
import { asFault, type Fault } from '#lib/errors/fault.ts';
import { createCookies } from './cookies.ts';
import { currentCaller, toSignIn } from './current.ts';
import { faultDigest } from './fault-digest.ts';
import { type Portal, portal } from './portal.ts';
import { contextOf, requestIdOf } from './request-context.ts';

export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Fault };

export async function load<Input extends z.ZodObject, Output extends z.ZodType, Who extends Allow>(
  operation: Operation<Input, Output, Who>,
  input: z.input<Input>,
): Promise<z.output<Output>> {
  const attempt = await attemptToLoad(operation, input);
  if (attempt.ok) return attempt.value;
  const { problem } = attempt;
  if (problem.kind === 'unauthenticated') return toSignIn();
  // An id in the address that cannot be one names nothing.
  if (problem.kind === 'not-found' || (problem.kind === 'bad-input' && problem.fields?.id)) return notFound();
  if (problem.code === noPersonCode) return redirect('/admin');
  if (problem.kind === 'forbidden') return forbidden();
  throw Object.assign(new Error(problem.message), { digest: faultDigest(problem, requestIdOf(await headers())) });
}

/** For a part of a page that can say by itself why it is empty. */
export async function attemptToLoad<Input extends z.ZodObject, Output extends z.ZodType, Who extends Allow>(
  operation: Operation<Input, Output, Who>,
  input: z.input<Input>,
): Promise<Attempt<z.output<Output>>> {
  const sent = await headers();
  let opened: Portal | null = null;
  try {
    opened = await portal();
    const caller = await currentCaller();
    const context = contextOf(opened, sent, createCookies(sent.get('cookie'), opened.config.portalUrl), caller.viewer, new Date());
    return { ok: true, value: await perform(operation, context, caller, () => input) };
  } catch (error) {
    const problem = asFault(inWords(error));
    if (problem.status >= 500)
      opened?.log.error({ err: problem, operation: operation.id, requestId: requestIdOf(sent) }, 'a page could not be loaded');
    return { ok: false, problem };
  }
}
