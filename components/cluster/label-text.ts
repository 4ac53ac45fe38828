/** Labels as people type them: "env=prod, region=eu". */
export function labelsFrom(text: string): Record<string, string> {
  const pairs = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? ([pair, ''] as const) : ([pair.slice(0, at), pair.slice(at + 1)] as const);
    });
  return Object.fromEntries(pairs);
}

export function labelsToText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => (value ? `${key}=${value}` : key))
    .join(', ');
}
