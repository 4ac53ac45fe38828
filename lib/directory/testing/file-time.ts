/** As AD writes a moment: 100 ns since 1601. */
export function fileTimeOf(moment: Date): string {
  return String((BigInt(moment.getTime()) + 11_644_473_600_000n) * 10_000n);
}
