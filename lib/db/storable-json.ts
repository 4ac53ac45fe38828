/**
 * JSON that jsonb takes, whatever somebody typed: a NUL or half a character in one text would make Postgres refuse the whole statement, and
 * with it everybody else's rows. Such a character becomes U+FFFD.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storable(part) : part));
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
