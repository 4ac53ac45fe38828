/** What an idle watch holds, and how soon all of them are gone when their people are disabled at one blow: seen at the clients' own sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hands, startDoor, startPart } from './parts.ts';
import { cpuSeconds, residentBytes } from './processes.ts';

export interface Watches {
  readonly count: number;
  readonly openedPerSecond: number;
  readonly bytesEach: number;
  readonly totalBytes: number;
  readonly cpuMsEach: number;
  /** From the beginning of the transaction that disables, and from its commit, to the end of the last watch. Milliseconds. */
  readonly cutFromBegin: number;
  readonly cutFromCommit: number;
  /** Ended as a watch that may be resumed, not broken off. */
  readonly endedWhole: number;
}

export async function measureWatches(hands: Hands, count: number, profile: string | null): Promise<Watches> {
  const { warden, program, stage } = hands;
  const door = await startDoor(hands, { profile });
  await door.memory();
  await sleep(1_000);
  const before = { rss: residentBytes(door.pids), cpu: cpuSeconds(door.pids) };
  const client = startPart(warden, 'watches', program, [
    'watch',
    ...['-url', `https://127.0.0.1:${door.port}${door.prefix}/api/v1/namespaces/shop/configmaps?watch=1`],
    ...['-ca', stage.files.ca, '-token-file', stage.tokenFile('watchers'), '-count', String(count)],
  ]);
  const opened = await client.next<{ open: number; seconds: number }>();
  const cpu = cpuSeconds(door.pids) - before.cpu;
  await sleep(3_000);
  const totalBytes = residentBytes(door.pids);
  const disabled = await stage.disableWatchers();
  const ended = await client.next<{ ended: number; whole: number; last: number }>();
  await door.stop();
  return {
    count: opened.open,
    openedPerSecond: opened.open / opened.seconds,
    bytesEach: (totalBytes - before.rss) / opened.open,
    totalBytes,
    cpuMsEach: (cpu / opened.open) * 1_000,
    cutFromBegin: ended.last - disabled.began,
    cutFromCommit: ended.last - disabled.committed,
    endedWhole: ended.whole,
  };
}
