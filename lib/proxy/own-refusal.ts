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
const inJson = Buffer.from(`User \\"${account}\\" cannot `);
const inProtobuf = Buffer.from(`User "${account}" cannot `);

export interface Looked {
  readonly isOurs: boolean;
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
  return { isOurs: head.subarray(0, lookAtBytes).includes(needle), body: Readable.from(rest(head, iterator), { objectMode: false }) };
}

async function* rest(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return;
    yield value;
  }
}
