/** Conditions of a query and their numbered values, put together without a value ever becoming text of the query. */
export type Conditions = {
  readonly values: unknown[];
  /** The placeholder of a value. */
  value(value: unknown): string;
  add(condition: string): void;
  where(): string;
};

export function createConditions(): Conditions {
  const values: unknown[] = [];
  const parts: string[] = [];
  return {
    values,
    value: (value) => `$${values.push(value)}`,
    add: (condition) => void parts.push(condition),
    where: () => (parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : ''),
  };
}

const wordsMax = 8;

/** Each word as an ILIKE pattern that finds it anywhere; what a person types is text, never a pattern. */
export function likeWords(q: string): string[] {
  return q
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, wordsMax)
    .map((word) => `%${likeText(word)}%`);
}

export function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}
