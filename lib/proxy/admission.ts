/**
 * Subscribe, check, open. A request that walked the table is registered as a stream first and only then judged again, by the rule that judges
 * whatever is open; so a change that comes in between finds it either judged or in the registry, and none slips through.
 */
import type { Usage } from '#lib/credential/usage.ts';
import { doorFull, stopping, tooManyStreams } from './answers.ts';
import { answerForCut } from './cut-answers.ts';
import type { Desk } from './desk.ts';
import type { Live } from './forward.ts';
import { judgeOne } from './judge.ts';
import { admit, type Progress } from './pipeline.ts';
import { streamFacts } from './stream-facts.ts';
import type { Stream, Streams } from './streams.ts';
import type { Arrival } from './types.ts';

const streamsPerPersonMax = 1_000;

export interface Admission {
  open(arrival: Arrival, progress: Progress): Promise<Live>;
  close(stream: Stream): void;
  /** What was let in and is still open, for whoever must ask again. */
  lives(): Iterable<Live>;
}

export function createAdmission({
  desk,
  streams,
  usage,
  streamsMax,
  isOpen,
  onClosed,
}: {
  desk: Desk;
  streams: Streams;
  usage: Pick<Usage, 'note'>;
  /** Of everything that is open in this process at once, by all. */
  readonly streamsMax: number;
  isOpen(): boolean;
  onClosed(stream: Stream): void;
}): Admission {
  const lives = new Map<string, Live>();
  return {
    async open(arrival, progress) {
      if (!isOpen()) throw stopping();
      const admitted = await admit(arrival, desk, progress);
      if (streams.size >= streamsMax) throw doorFull();
      if (streams.countOf(admitted.person.id) >= streamsPerPersonMax) throw tooManyStreams();
      const stream = streams.register(arrival.id, streamFacts(admitted));
      const reason = judgeOne(desk, stream);
      if (reason !== null || stream.cutFor !== null) {
        stream.close();
        onClosed(stream);
        throw answerForCut(reason ?? stream.cutFor ?? 'lease-over');
      }
      usage.note({
        credentialId: admitted.credential.id,
        at: desk.now(),
        address: arrival.address,
        client: admitted.headers.userAgent?.slice(0, 200) ?? null,
      });
      const live = { ...admitted, stream };
      lives.set(stream.id, live);
      return live;
    },
    close(stream) {
      lives.delete(stream.id);
      stream.close();
      onClosed(stream);
    },
    lives: () => lives.values(),
  };
}
