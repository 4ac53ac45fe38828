/**
 * Is this 401 or 403 about us? The API server refuses either the person (theirs to hear) or our own account (a broken credential of ours,
 * theirs to be told as 502 and an operator's to mend). Only the first 4 KB are looked at, and only where a name that a client chose cannot
 * stand: behind `User "` as the API server quotes it in that format.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { accountName, doorAccount } from '#lib/cluster/names.ts';

const lookAtBytes = 4_096;
const account = accountName(doorAccount);
const inJson = `User \\"${account}\\" cannot impersonate`;
const inProtobuf = `User "${account}" cannot impersonate`;

export interface Looked {
  /** What our account was refused: to act as somebody in these groups, or anything else of ours; null when the refusal is the person's. */
  readonly refused: 'groups' | 'account' | null;
  /** The whole body again, what was looked at first. */
  readonly body: Readable;
}

export async function lookForOwnRefusal(answer: IncomingMessage): Promise<Looked> {
  const iterator = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const seen: Buffer[] = [];
  let bytes = 0;
  while (bytes < lookAtBytes) {
    const { done, value } = await iterator.next();
    if (done) break;
    seen.push(value);
    bytes += value.length;
  }
  const head = Buffer.concat(seen);
  const needle = (answer.headers['content-type'] ?? '').includes('protobuf') ? inProtobuf : inJson;
  return {
    refused: refusedIn(head.subarray(0, lookAtBytes).toString('latin1'), needle),
    body: Readable.from(rest(head, iterator), { objectMode: false }),
  };
}

function refusedIn(text: string, needle: string): Looked['refused'] {
  const at = text.indexOf(needle);
  if (at === -1) return null;
  return /^\S* resource \\?"groups\\?"/.test(text.slice(at + needle.length)) ? 'groups' : 'account';
}

async function* rest(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return;
    yield value;
  }
}
