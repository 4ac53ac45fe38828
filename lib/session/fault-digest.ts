/** A refusal on its way to an error page: the public voice only. Error pages run in the browser, so this file imports no server. */

export type FaultDigest = { readonly code: string; readonly message: string; readonly status: number; readonly requestId: string };

const mark = 'gatehouse:';

export function faultDigest({ code, message, status }: Omit<FaultDigest, 'requestId'>, requestId: string): string {
  return mark + JSON.stringify({ code, message, status, requestId } satisfies FaultDigest);
}

/** Null for an error that nobody put in words: show a general sentence and the digest. */
export function readFaultDigest(digest: string | undefined): FaultDigest | null {
  if (!digest?.startsWith(mark)) return null;
  try {
    return JSON.parse(digest.slice(mark.length)) as FaultDigest;
  } catch {
    return null;
  }
}
