/** Does the door hold on to anything? Many requests in five parts, and after each what is left once garbage is collected. */

import { press } from './measure.ts';
import { type Hands, startDoor } from './parts.ts';

export interface Memory {
  readonly requests: number;
  readonly parts: readonly { readonly rss: number; readonly heap: number }[];
  /** What the last part left beyond the first, which warms up. */
  readonly heapGrowth: number;
}

const partCount = 5;

export async function measureMemory(hands: Hands, requests: number): Promise<Memory> {
  const door = await startDoor(hands);
  const parts: { rss: number; heap: number }[] = [];
  for (let part = 0; part < partCount; part += 1) {
    await press(hands, door, {
      path: '/api/v1/namespaces/shop/configmaps/small',
      connections: 32,
      requests: Math.ceil(requests / partCount),
    });
    const { rss, heapUsed } = await door.memory();
    parts.push({ rss, heap: heapUsed });
  }
  await door.stop();
  return { requests, parts, heapGrowth: (parts.at(-1)?.heap ?? 0) - (parts[0]?.heap ?? 0) };
}
