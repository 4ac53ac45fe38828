/** What it costs to be somebody who sees 2,000 namespaces: the same question through the door, and as the door asks it, straight. */
import { median, press } from './measure.ts';
import type { Contender, Hands } from './parts.ts';
import { manyNamespaces } from './stage.ts';

export interface Namespaces {
  readonly shown: number;
  readonly straight: number;
  readonly throughDoor: number;
  /** Of the same door, for somebody who sees a handful. */
  readonly forFew: number;
}

export async function measureNamespaces(
  hands: Hands,
  direct: Contender,
  door: Contender,
  rounds: number,
  seconds: number,
): Promise<Namespaces> {
  const path = '/api/v1/namespaces';
  const selector = encodeURIComponent(`kubernetes.io/metadata.name in (${manyNamespaces.join(',')})`);
  const found = { straight: [] as number[], throughDoor: [] as number[], forFew: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const asked = { connections: 1, seconds };
    found.straight.push((await press(hands, direct, { ...asked, path: `${path}?labelSelector=${selector}` })).p50);
    found.throughDoor.push((await press(hands, door, { ...asked, path, login: 'many' })).p50);
    found.forFew.push((await press(hands, door, { ...asked, path })).p50);
  }
  return {
    shown: manyNamespaces.length,
    straight: median(found.straight),
    throughDoor: median(found.throughDoor),
    forFew: median(found.forFew),
  };
}
