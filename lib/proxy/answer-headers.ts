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

/**
 * An application behind `…/proxy/…` redirects, and the API server has written its Location anew as a path of its own, `/api/…`. A browser
 * finds that path at this door below the cluster's name only. Every other Location stays as it is.
 */
export function applicationHeaders(rawHeaders: readonly string[], clusterName: string): string[] {
  const headers = answerHeaders(rawHeaders);
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] ?? '';
    if (headers[i]?.toLowerCase() === 'location' && /^\/apis?\//.test(value)) headers[i + 1] = `/clusters/${clusterName}${value}`;
  }
  return headers;
}

function keep(rawHeaders: readonly string[], wanted: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (wanted(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept;
}
