/**
 * The first read of a directory takes minutes, and its domain controller is what they are spent on. So whoever is in it is written while it
 * still speaks. Nobody relies on any of it yet: no group of it is known, no grant leads to anybody, and nobody is told. Only newcomers are
 * written, each from a whole entry of their own. Whatever else there is to say, and everything that rests on absence, the plan of the whole
 * read says at its end; it finds these rows as it finds all others, and where writing them failed it does that, too.
 */
import { changing } from '#lib/db/database.ts';
import { newId } from '#lib/db/ids.ts';
import { loadKnownAbout } from '../data.ts';
import { savePeople } from '../mutations.ts';
import { endIfStopped } from '../plan/apply.ts';
import { planInSlices } from '../plan/plan.ts';
import type { Directory, PersonFacts } from '../types.ts';
import type { Ground } from './stance.ts';

export interface Newcomers {
  /** Resolves when the next ones may come: not many pages are kept waiting. */
  note(people: readonly PersonFacts[]): Promise<void>;
  /** Writes what is left, or nothing more. */
  end(options: { isWhole: boolean }): Promise<void>;
}

const peopleInOneTransaction = 5_000;
const transactionMaxMs = 120_000;

export function writeNewcomers(ground: Ground, directory: Directory): Newcomers {
  let waiting: PersonFacts[] = [];
  let writing = Promise.resolve();
  let isOver = false;

  function write(): Promise<void> {
    const people = waiting;
    waiting = [];
    const before = writing;
    writing = before.then(async () => {
      if (isOver || people.length === 0) return;
      try {
        await writeSome(ground, directory, people);
      } catch (error) {
        isOver = true;
        ground.log.warn({ err: error, url: ground.url }, 'people could not be written while they are read; they are at the end');
      }
    });
    return before;
  }

  return {
    async note(people) {
      for (const person of people) waiting.push(person);
      if (waiting.length >= peopleInOneTransaction) await write();
    },
    async end({ isWhole }) {
      if (isWhole) write();
      else isOver = true;
      await writing;
    },
  };
}

async function writeSome({ db, lease, alone }: Ground, directory: Directory, people: readonly PersonFacts[]): Promise<void> {
  const observation = { kind: 'delta' as const, people, groups: [], links: [], gone: [] };
  const known = await loadKnownAbout(db, directory, observation);
  const now = new Date();
  const plan = await planInSlices({ directory, known, observation, now, alone: alone(), removalsApproved: false, newId });
  const newcomers = plan.operations.flatMap((operation) => (operation.kind === 'create-person' ? operation.person : []));
  await changing(
    db,
    async (tx) => {
      await endIfStopped(tx);
      await savePeople(tx, directory.forestId, newcomers);
      await lease.requireHeld(tx);
    },
    { timeoutMs: transactionMaxMs },
  );
}
