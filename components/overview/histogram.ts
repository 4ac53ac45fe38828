// The latencies of cut-offs, counted in bands that mean something to a reader: what is quick, what is not, and what breaks the promise.

/** Upper bounds in milliseconds; the last band has none. */
const bounds = [100, 250, 500, 1000, 2000] as const;

export interface Band {
  readonly label: string;
  readonly count: number;
}

export function bandsOf(latencies: readonly number[]): Band[] {
  return [...bounds, Number.POSITIVE_INFINITY].map((upper, index) => {
    const lower = index === 0 ? Number.NEGATIVE_INFINITY : (bounds[index - 1] ?? 0);
    return {
      label: upper === Number.POSITIVE_INFINITY ? 'over 2 s' : upper < 1000 ? `${upper} ms` : `${upper / 1000} s`,
      count: latencies.filter((latency) => latency > lower && latency <= upper).length,
    };
  });
}

/** Of the latencies as they are, not of bands: the smallest that at least this share of them does not exceed. */
export function percentile(latencies: readonly number[], share: number): number | null {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
