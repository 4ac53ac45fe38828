/**
 * What time it is, by the database's clock: expiry, grants and freshness are written by that clock, so they are judged by it (F22). Each poll
 * of the change feed brings a reading; between two of them our monotonic clock carries it on. Our own clock of the day is never asked, so it
 * may be wrong or jump as it likes. And time never runs backwards here: when the database's clock is set back, ours stands still until that
 * has caught up, so that nothing which had ended begins again.
 */
const preciseMs = 500;

export interface DatabaseClock {
  /** One reading: when it was asked for and when it came (both monotonic), and what it said (ms since 1970). */
  read(askedAt: number, answeredAt: number, databaseMs: number): void;
  now(): Date;
}

export function createDatabaseClock(monotonic: () => number = () => performance.now()): DatabaseClock {
  /** Database time minus monotonic time; before the first reading, our own clock of the day is all there is. */
  let offset = Date.now() - monotonic();
  let isRead = false;
  let latest = 0;

  return {
    read(askedAt, answeredAt, databaseMs) {
      const earliest = databaseMs - answeredAt;
      const last = databaseMs - askedAt;
      // A slow answer says little; where it agrees with what is known, it says nothing new.
      const agrees = offset >= earliest && offset <= last;
      if (isRead && agrees && answeredAt - askedAt > preciseMs) return;
      offset = (earliest + last) / 2;
      if (!isRead) latest = 0;
      isRead = true;
    },
    now() {
      latest = Math.max(latest, monotonic() + offset);
      return new Date(latest);
    },
  };
}
