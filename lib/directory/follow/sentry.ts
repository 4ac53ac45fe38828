/**
 * While a follower drains a large domain or reads it completely, its connection is taken: for a second or two, or for a minute. Whoever is
 * disabled in that time is out within the second all the same: a second connection to the same domain controller probes meanwhile, and what it
 * hears only takes away (denials.ts). It stays open and silent between those times. Where it fails, the work beside it is no worse for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { countLiving } from '../data.ts';
import type { LdapConnection } from '../ldap/connection.ts';
import { highestUsn } from '../ldap/domain.ts';
import type { Directory } from '../types.ts';
import type { Denials } from './denials.ts';
import { type Access, openOneMore } from './same-controller.ts';
import type { Ground, Stance } from './stance.ts';

export interface Sentry {
  /** `heardOf`: the GUIDs of everybody of whom something was heard while the work goes on, as it grows. */
  during<T>(directory: Directory, stance: Stance, work: (heardOf: ReadonlySet<string>) => Promise<T>): Promise<T>;
  close(): void;
}

interface Watch {
  end(): Promise<void>;
}

export interface SentryOptions {
  readonly ground: Ground;
  readonly access: Access;
  readonly denials: Denials;
}

const probeEveryMs = 200;
const probeTimeoutMs = 3_000;
/** Some domain controllers answer several connections by one process, which may be the one that is busy: another connection reaches another one. */
const firstPatienceMs = 400;
const failureMaxMs = 10_000;
const nobodyLooks = 'nobody looks at a domain controller while it is read; what changes meanwhile acts afterwards';

export function createSentry({ ground, access, denials }: SentryOptions): Sentry {
  let connection: LdapConnection | null = null;
  let patienceMs = firstPatienceMs;
  let isOver = false;
  let isNews = true;
  let isAnybodyThere = false;

  async function open(directory: Directory): Promise<LdapConnection> {
    const opened = await openOneMore(ground, directory, access);
    if (!isOver) return opened;
    opened.close();
    throw new Error('it was closed meanwhile');
  }

  /** Null: this connection is not answered, and the next one may be. */
  async function probe(asked: LdapConnection): Promise<bigint | null> {
    const answer = highestUsn(asked, probeTimeoutMs);
    if (patienceMs >= probeTimeoutMs) return answer;
    // Given up, it may fail unheard.
    answer.catch(() => {});
    const usn = await Promise.race([answer, later(patienceMs).then(() => null)]);
    patienceMs = usn === null ? patienceMs * 2 : firstPatienceMs;
    return usn;
  }

  async function onePass(directory: Directory, stance: Stance, heard: (guids: readonly string[]) => void): Promise<void> {
    const evidenceAt = new Date();
    connection ??= await open(directory);
    const usn = await probe(connection);
    if (usn === null) hangUp();
    else await denials.look(connection, directory, stance, { usn, evidenceAt }, heard);
  }

  function hangUp(): void {
    connection?.close();
    connection = null;
  }

  return {
    close() {
      isOver = true;
      hangUp();
    },
    async during(directory, stance, work) {
      const heardOf = new Set<string>();
      // Most work is over by then, five times a second.
      const begun: Watch[] = [];
      const begin = setTimeout(() => begun.push(watchOver(directory, stance, heardOf)), probeEveryMs);
      try {
        return await work(heardOf);
      } finally {
        clearTimeout(begin);
        for (const watch of begun) await watch.end();
      }
    },
  };

  function watchOver(directory: Directory, stance: Stance, heardOf: Set<string>): Watch {
    const heard = (guids: readonly string[]) => {
      for (const guid of guids) heardOf.add(guid);
    };
    const over = new AbortController();
    const look = async () => {
      for (let failures = 0; !over.signal.aborted && !isOver; ) {
        try {
          // At the first read there is nobody yet to take anything from.
          isAnybodyThere ||= (await countLiving(ground.db, directory.id)).people > 0;
          if (!isAnybodyThere) return;
          await onePass(directory, stance, heard);
          failures = 0;
        } catch (error) {
          hangUp();
          failures += 1;
          if (isNews && !over.signal.aborted && !isOver) ground.log.warn({ err: error, url: ground.url }, nobodyLooks);
          isNews = false;
        }
        await later(Math.min(probeEveryMs * 2 ** failures, failureMaxMs), over.signal);
      }
    };
    const looked = look();
    return {
      async end() {
        over.abort();
        await looked;
      },
    };
  }
}

/** Over early, and in peace, when the work has ended. */
async function later(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal && { signal }).catch(() => {});
}
