/** What the door writes down of its own doing: into the audit trail, the operator's log, and the acknowledgements of revocations. */
import type { Log } from '#lib/log/log.ts';
import type { CutFact } from '#lib/revocation/acks.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { Answer } from './answers.ts';
import type { Live } from './forward.ts';
import { createRepeats } from './repeats.ts';
import type { Impersonated } from './steps/impersonate.ts';
import { nameOf, shown } from './stream-facts.ts';
import type { Stream } from './streams.ts';
import type { Trail } from './trail.ts';
import type { Arrival } from './types.ts';

const alarmEveryMs = 60_000;

export interface Notes {
  opened(live: Live): void;
  cut(stream: Stream, cut: CutFact): void;
  /** An end that was no cut. */
  closed(stream: Stream): void;
  /** For whoever turns the log up to `debug`: each request by its id. */
  answered(arrival: Arrival, reached: Partial<Impersonated>, status: number, seconds: number): void;
  refused(answer: Answer, arrival: Arrival, reached: Partial<Impersonated>): void;
  /** What was refused over and over, once its minute is over; or all of it. */
  tellRepeats(all?: 'all'): void;
}

export interface NotesOptions {
  readonly trail: Pick<Trail, 'add'>;
  readonly acknowledger: Pick<Acknowledger, 'noteCut'>;
  readonly log: Log;
  readonly replicaId: string;
  now(): Date;
  /** The cluster refused the door itself: whoever can mend that is to look now. */
  onCredentialInvalid(clusterId: string): void;
}

export function createNotes({ trail, acknowledger, log, replicaId, onCredentialInvalid, now }: NotesOptions): Notes {
  const alarmedAt = new Map<string, number>();
  const repeats = createRepeats();

  /** An operator must hear of it, once a minute and not once a request. */
  function alarm(cluster: { id: string; name: string }, why: string | undefined): void {
    const last = alarmedAt.get(cluster.id) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - last < alarmEveryMs) return;
    alarmedAt.set(cluster.id, performance.now());
    onCredentialInvalid(cluster.id);
    trail.add({
      event: 'cluster.credential-invalid',
      actor: { kind: 'system', name: 'door' },
      subject: { kind: 'cluster', id: cluster.id, name: cluster.name },
      clusterId: cluster.id,
      detail: { why: why ?? '', replica: replicaId },
    });
  }

  return {
    opened({ person, cluster, stream }) {
      trail.add({
        event: 'stream.opened',
        actor: { kind: 'person', id: person.id, name: nameOf(person) },
        clusterId: cluster.id,
        detail: shown(stream),
      });
    },

    cut(stream, cut) {
      acknowledger.noteCut(cut);
      trail.add({
        event: 'stream.cut',
        actor: { kind: 'system', name: 'door' },
        subject: { kind: 'person', id: stream.personId, name: stream.personName },
        clusterId: stream.clusterId,
        // The row's own time is when the database took it, which may be after an outage.
        detail: { ...shown(stream), reason: cut.reason, cutAt: cut.at, replica: replicaId },
      });
    },

    closed(stream) {
      if (stream.cutFor !== null) return;
      trail.add({
        event: 'stream.closed',
        actor: { kind: 'person', id: stream.personId, name: stream.personName },
        clusterId: stream.clusterId,
        detail: { ...shown(stream), seconds: Math.round((now().getTime() - stream.openedAt.getTime()) / 1_000) },
      });
    },

    answered({ id, address }, { person, cluster, description }, status, seconds) {
      log.debug(
        {
          requestId: id,
          status,
          ms: Math.round(seconds * 1_000),
          personId: person?.id,
          cluster: cluster?.name,
          verb: description?.verb,
          resource: description?.resource,
          namespace: description?.namespace,
          address,
        },
        'a request was answered',
      );
    },

    refused({ facts, cause }, arrival, { person, cluster }) {
      const told = {
        requestId: arrival.id,
        refusal: facts.code,
        status: facts.status,
        detail: facts.detail,
        personId: person?.id,
        cluster: cluster?.name,
        address: arrival.address,
      };
      if (facts.status >= 500 && facts.status !== 503) log.error({ ...told, err: cause }, 'a request failed at the door');
      else log.debug(told, 'a request was refused');
      if (facts.code === 'door.cluster-credential-invalid' && cluster) alarm(cluster, facts.detail);
      // What is malformed says nothing about anybody; 503 says something about us, and stands in our log and metrics.
      if (facts.status !== 401 && facts.status !== 403) return;
      const clusterId = cluster?.id;
      const { address, method } = arrival;
      repeats.note(`${facts.code} ${person?.id ?? address} ${clusterId}`, (times) =>
        trail.add({
          event: 'request.refused',
          actor: person ? { kind: 'person', id: person.id, name: nameOf(person) } : { kind: 'anonymous' },
          clusterId,
          detail: { code: facts.code, method, address, ...(facts.detail ? { why: facts.detail } : {}), times },
        }),
      );
    },

    tellRepeats: (all) => repeats.due(performance.now(), all === 'all'),
  };
}
