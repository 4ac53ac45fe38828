const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** "in 3 days", "5 min ago", "just now". Beyond two weeks the date itself says more. */
export function relativeTime(at: Date, now: Date): string {
  const ahead = at.getTime() - now.getTime();
  const span = Math.abs(ahead);
  if (span < 10 * second) return ahead > 0 ? 'now' : 'just now';
  if (span >= 14 * day) return shortDate(at, now);
  const words = amount(span);
  return ahead > 0 ? `in ${words}` : `${words} ago`;
}

function amount(span: number): string {
  if (span < minute) return `${Math.floor(span / second)} s`;
  if (span < hour) return `${Math.floor(span / minute)} min`;
  if (span < day) return `${Math.floor(span / hour)} h`;
  const days = Math.floor(span / day);
  return days === 1 ? '1 day' : `${days} days`;
}

function shortDate(at: Date, now: Date): string {
  const sameYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

export function exactTime(at: Date): string {
  return at.toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'short',
  });
}

/** A latency as people read it: "0.27 s", "38 ms". */
export function latency(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.max(0, Math.round(milliseconds))} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(2)} s` : amount(milliseconds);
}
