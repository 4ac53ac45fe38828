/** Pages keep their state in the address; these three read it and make the next one. */
export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

export async function readSearch(params: SearchParams): Promise<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(await params)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first) plain[name] = first;
  }
  return plain;
}

export function withSearch(
  path: string,
  current: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | number | null>>,
): string {
  const next = new URLSearchParams(current);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, String(value));
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

/** An offset that somebody may have typed into the address bar. */
export function offsetOf(search: Readonly<Record<string, string>>): number {
  const offset = Number(search.offset ?? 0);
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}

export function oneOf<Word extends string>(words: readonly Word[], text: string | undefined): Word | undefined {
  return words.find((word) => word === text);
}
