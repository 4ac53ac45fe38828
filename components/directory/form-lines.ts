/** A field that takes one thing a line. */
export function linesOf(form: FormData, name: string): string[] {
  return String(form.get(name) ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** A list may be wrong as a whole or in one of its lines ("urls.1"). */
export function problemIn(fields: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(fields).find(([field]) => field === name || field.startsWith(`${name}.`))?.[1];
}
