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
  return ahead > 0 ? `in ${amount(span, Math.round)}` : `${amount(span, Math.floor)} ago`;
}

/** What lies ahead is rounded: "30 days from now" is not "29 days" a second later. */
function amount(span: number, whole: (number: number) => number = Math.floor): string {
  if (span < minute) return `${whole(span / second)} s`;
  if (span < hour) return `${whole(span / minute)} min`;
  if (span < day) return `${whole(span / hour)} h`;
  const days = whole(span / day);
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
