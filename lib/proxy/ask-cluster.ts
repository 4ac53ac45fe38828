/**
 * A question of the door's own, put to a cluster as the person whom it concerns: may they still, from when on does their list count. It goes
 * out with the same head as their own requests and waits five seconds; whoever asks decides what no answer means.
 */
import { randomUUID } from 'node:crypto';
import type { Desk } from './desk.ts';
import type { Authorized } from './steps/authorize.ts';
import { impersonate } from './steps/impersonate.ts';
import { parseTarget } from './steps/target.ts';
import type { Upstreams } from './upstream.ts';

const answerWithinMs = 5_000;

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** With the reserved group that lists namespaces. */
  readonly listsNamespaces?: boolean;
}

/** The answer's JSON; throws when there is none. */
export async function askCluster(
  person: Authorized,
  { method, path, body, listsNamespaces = false }: Question,
  { desk, upstreams }: { desk: Desk; upstreams: Upstreams },
): Promise<unknown> {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const { call } = await impersonate(
    {
      ...person,
      arrival: { ...person.arrival, id: randomUUID(), method },
      target: parseTarget(`/clusters/${person.cluster.name}${path}`),
      shownNamespaces: listsNamespaces ? [] : null,
      headers: {
        ...person.headers,
        passed: ['Accept', 'application/json', ...(sent === '' ? [] : ['Content-Type', 'application/json'])],
        body: sent === '' ? { kind: 'none' } : { kind: 'length', bytes: String(Buffer.byteLength(sent)) },
        upgrade: null,
      },
    },
    desk,
  );
  const answer = await inTime(upstreams.ask(person.cluster, call, sent));
  return JSON.parse(answer.body) as unknown;
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the cluster did not answer within ${answerWithinMs} ms`)), answerWithinMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
