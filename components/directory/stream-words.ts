/** As people type it: "logs -f pods shop/web". */
const words: Readonly<Record<string, string>> = { follow: 'logs -f' };

export function streamInWords(kind: string, target: string | null): string {
  return [words[kind] ?? kind, target].filter(Boolean).join(' ');
}
