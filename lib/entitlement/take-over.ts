/**
 * A directory was read anew, perhaps a hundred thousand people in one change. Reading that takes seconds, and somebody who is disabled in
 * those seconds must be out at once: so the new picture is built beside the one in use, changes go on being applied to the one in use, and
 * before the two are exchanged the new one is told what happened since its snapshot.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#lib/db/database.ts';
import type { Change } from '#lib/db/topics.ts';
import { readAllDirectories, readTouched } from './data.ts';
import { buildDirectoryInSlices, type DirectoryFacts } from './directory-facts.ts';

// A small directory is in place within the step that told of it; a large one follows.
const waitWithinStepMs = 300;
const retryAfterMs = 1_000;

export class TakeOver {
  readonly #exchange: (facts: DirectoryFacts) => void;
  #running: Promise<void> | null = null;
  #wanted = false;
  #failed = false;
  #since: Change[] = [];

  constructor(exchange: (facts: DirectoryFacts) => void) {
    this.#exchange = exchange;
  }

  /**
   * To be told of all changes after they were applied. Returns at once when there is nothing to take over, and soon when there is; but after
   * a failure it waits until the take-over has succeeded. So the feed does not move on, its lease runs out, and the process refuses rather
   * than decides by an old picture.
   */
  async follow(changes: readonly Change[], db: Database): Promise<void> {
    if (this.#running) this.#since.push(...changes);
    if (changes.some(({ topic }) => topic === 'directory')) this.#wanted = true;
    if (this.#wanted) this.#running ??= this.#run(db);
    if (!this.#running) return;
    if (this.#failed) await this.#running;
    else await Promise.race([this.#running, sleep(waitWithinStepMs, undefined, { ref: false })]);
  }

  async #run(db: Database): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        this.#exchange(await this.#build(db));
        this.#failed = false;
      } catch {
        this.#failed = true;
        this.#wanted = true;
        await sleep(retryAfterMs, undefined, { ref: false });
      }
    }
    this.#running = null;
  }

  async #build(db: Database): Promise<DirectoryFacts> {
    this.#since = [];
    const facts = await buildDirectoryInSlices(await readAllDirectories(db));
    while (this.#since.length > 0) {
      const missed = this.#since;
      this.#since = [];
      facts.put(await readTouched(db, missed));
    }
    return facts;
  }
}
