/** AD's clocks: FILETIME counts 100 ns since 1601, intervals are the same made negative, and two values mean "never". */
const ticksPerMs = 10_000n;
const epochOffsetMs = 11_644_473_600_000n;
const never = 0x7fffffffffffffffn;
const neverInterval = -0x8000000000000000n;

/** Null for absent, 0 and "never". */
export function dateFromFileTime(text: string | null): Date | null {
  const ticks = integer(text);
  if (ticks === null || ticks <= 0n || ticks === never) return null;
  const ms = Number(ticks / ticksPerMs - epochOffsetMs);
  // Some tools write a date beyond what a calendar holds when they mean never.
  return Number.isNaN(new Date(ms).getTime()) || ms > 253_402_300_799_000 ? null : new Date(ms);
}

/** Seconds of a domain policy's interval; 0 means until an administrator acts. Null when the policy is absent. */
export function secondsFromInterval(text: string | null): number | null {
  const ticks = integer(text);
  if (ticks === null) return null;
  if (ticks === neverInterval || ticks === 0n) return 0;
  return Number((ticks < 0n ? -ticks : ticks) / 10_000_000n);
}

function integer(text: string | null): bigint | null {
  return text !== null && /^-?\d+$/.test(text) ? BigInt(text) : null;
}

/** As 20261123174500.0Z; null for any other form. */
export function dateFromGeneralizedTime(text: string | null): Date | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text ?? '');
  if (!match) return null;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, ...rest));
}
