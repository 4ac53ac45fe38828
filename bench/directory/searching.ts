/** What a screen asks when somebody types: the page and how many there are. */
import type { Database } from '#lib/db/database.ts';
import { listPeople, nearestPeople } from '#lib/directory/people/data.ts';
import { median } from '../proxy/measure.ts';

export interface Search {
  readonly typed: string;
  readonly found: number;
  /** Milliseconds, median and worst. */
  readonly list: number;
  readonly worst: number;
  readonly pick: number;
}

const words = ['', 'jo', 'jose', 'José', 'muller', 'Müller', 'soren angstrom', 'anna.novak', 'crowd.pattern', 'nobody of this name'];
const rounds = 7;

export async function measureSearch(db: Database): Promise<Search[]> {
  await db.sql.query('VACUUM ANALYZE person');
  const found: Search[] = [];
  for (const typed of words) {
    const lists: number[] = [];
    const picks: number[] = [];
    let total = 0;
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      ({ total } = await listPeople(db, { search: typed, sort: 'name', offset: 0, limit: 50 }));
      lists.push(performance.now() - began);
      const begun = performance.now();
      await nearestPeople(db, typed, 20);
      picks.push(performance.now() - begun);
    }
    found.push({ typed, found: total, list: median(lists), worst: Math.max(...lists), pick: median(picks) });
  }
  return found;
}
