/** What of a cluster's answer may go on to the client: everything but the framing, which is ours, and cookies, which have no place here. */
const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function answerHeaders(rawHeaders: readonly string[]): string[] {
  return keep(rawHeaders, (name) => !dropped.has(name));
}

/** Behind a 101 the upgrade itself is the answer. */
export function switchHeaders(rawHeaders: readonly string[]): string[] {
  return keep(rawHeaders, (name) => name === 'upgrade' || name === 'connection' || !dropped.has(name));
}

function keep(rawHeaders: readonly string[], wanted: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (wanted(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept;
}
