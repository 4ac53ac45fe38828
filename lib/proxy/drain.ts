/** Streams end spread over the grace, for all at once would bring all clients back at once; a plain request may finish within it. */
import type { Streams } from './streams.ts';

const perStreamMs = 20;
const lookEveryMs = 10;

export async function drain(streams: Streams, graceMs: number): Promise<void> {
  const endsAt = performance.now() + graceMs;
  const endless = streams.open().filter(({ kind }) => kind !== 'request');
  const jitterMs = Math.min(graceMs, endless.length * perStreamMs);
  await Promise.all(
    endless.map(async (stream) => {
      await passing(Math.random() * jitterMs);
      streams.cut(stream, 'stopping');
    }),
  );
  while (streams.size > 0 && performance.now() < endsAt) await passing(lookEveryMs);
  for (const stream of streams.open()) streams.cut(stream, 'stopping');
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
