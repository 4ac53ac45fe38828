/** The few shapes that every room's inputs and outputs share. */
import { z } from 'zod';

/** An id of ours, or whatever a caller typed in place of one: short, and nothing that could mean more than itself. */
export const id = z.string().regex(/^[a-z]{1,3}-[a-z0-9-]{1,40}$/, 'This is not an id.');

/** A moment in an output: rooms return a Date (or its text), callers read ISO 8601. */
export const instant = z.preprocess((value) => (value instanceof Date ? value.toISOString() : value), z.iso.datetime());

/** What people type into a search field. */
export const searchText = z.string().trim().max(200).default('');

export const pageSizeLimit = 500;

/** Paging by offset over an indexed order: 100,000 rows are few enough, and a screen can jump. */
export const paging = {
  offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(pageSizeLimit).default(50),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), total: z.number().int(), offset: z.number().int(), limit: z.number().int() });
}

/** A query flag: `?nested=true`. */
export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]);

export const errorShape = z.object({
  error: z.object({
    code: z.string().describe('room.what-happened; stable, for programs'),
    message: z.string().describe('One sentence for people: what happened and what to do'),
    requestId: z.string().describe('Quote it; the operator finds the log line by it'),
    fields: z.record(z.string(), z.string()).optional().describe('Per input field, one sentence'),
  }),
});
export type ErrorShape = z.output<typeof errorShape>;

export const none = z.object({});
