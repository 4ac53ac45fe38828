/**
 * What can go wrong between us and an API server, by kind, so that callers decide by kind and never by text.
 * `message` is for operators; `clusterFault` says it to people, and says what to do.
 */
import { type Fault, fault } from '#lib/errors/fault.ts';

export type ClusterErrorKind =
  | 'unreachable' // no answer: refused, unknown host, timeout, broken off
  | 'forbidden-address' // the address is one that we connect to for nobody
  | 'untrusted' // an answer from somebody whose certificate is not the pinned one
  | 'unauthorized' // 401: our credential is not known there (any more)
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'expired' // 410: the watch's place in history is gone, list anew
  | 'invalid'
  | 'throttled'
  | 'garbage' // an answer that is not what an API server says
  | 'failed';

export class ClusterError extends Error {
  readonly kind: ClusterErrorKind;
  readonly status: number | null;
  readonly retryAfterSeconds: number | null;

  constructor(kind: ClusterErrorKind, message: string, options: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClusterError';
    this.kind = kind;
    this.status = options.status ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

const kindOfStatus: Readonly<Record<number, ClusterErrorKind>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'missing',
  409: 'conflict',
  410: 'expired',
  422: 'invalid',
  400: 'invalid',
  429: 'throttled',
  503: 'unreachable',
};

/** An answer with an error status, read as Kubernetes' `Status` where it is one; a foreign page's text stays out. */
export function errorFromAnswer(status: number, retryAfter: string | undefined, text: string): ClusterError {
  const seconds = retryAfter !== undefined && /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return new ClusterError(kindOfStatus[status] ?? 'failed', statusMessage(text) ?? `the API server answered ${status}`, {
    status,
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

export function errorFromStatusObject(object: unknown): ClusterError {
  const { code, message } = (typeof object === 'object' && object !== null ? object : {}) as { code?: unknown; message?: unknown };
  const status = typeof code === 'number' ? code : 500;
  return new ClusterError(kindOfStatus[status] ?? 'failed', typeof message === 'string' ? message.slice(0, 1_000) : `status ${status}`, {
    status,
  });
}

const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** What the socket says, before any answer. */
export function errorFromConnection(cause: unknown): ClusterError {
  if (cause instanceof ClusterError) return cause;
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  if (code === 'FORBIDDEN_ADDRESS') return new ClusterError('forbidden-address', text, { cause });
  if (certificateCodes.has(code)) return new ClusterError('untrusted', `${code}: ${text}`, { cause });
  return new ClusterError('unreachable', code && !text.includes(code) ? `${code}: ${text}` : text, { cause });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined ? '' : codeOf(cause);
}

function statusMessage(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const message = typeof value === 'object' && value !== null ? (value as { message?: unknown }).message : undefined;
    return typeof message === 'string' ? message.slice(0, 1_000) : undefined;
  } catch {
    return undefined;
  }
}

/** The public voice, for whoever registers, repairs or removes a cluster. */
export function clusterFault(error: unknown, serverUrl: string): Fault {
  if (!(error instanceof ClusterError)) throw error;
  const options = { detail: error.message, cause: error };
  const certificate = certificateSentence(error);
  switch (error.kind) {
    case 'unreachable':
      return fault(
        'upstream',
        'cluster.unreachable',
        `The API server at ${serverUrl} cannot be reached from here${because(error)}. Check the address and the network between, then try again.`,
        options,
      );
    case 'forbidden-address':
      return fault(
        'bad-input',
        'cluster.forbidden-address',
        `Gatehouse does not connect to ${serverUrl}: ${withoutStop(error.message)}. Use the address that the API server has in your network.`,
        options,
      );
    case 'untrusted':
      return fault(
        'upstream',
        'cluster.untrusted',
        `The API server at ${serverUrl} shows a certificate that ${certificate}. Nothing was sent to it. Check the address and the certificate authority.`,
        options,
      );
    case 'unauthorized':
      return fault(
        'bad-input',
        'cluster.credential-refused',
        `The API server at ${serverUrl} does not accept this credential. Use one that works with kubectl right now.`,
        options,
      );
    case 'forbidden':
      return fault(
        'bad-input',
        'cluster.rights-missing',
        `The API server at ${serverUrl} refused: ${withoutStop(error.message)}. Use a credential that has this right.`,
        options,
      );
    case 'garbage':
      return fault(
        'upstream',
        'cluster.not-kubernetes',
        `What answers at ${serverUrl} is not a Kubernetes API server. Check the address.`,
        options,
      );
    default:
      return fault(
        'upstream',
        'cluster.refused',
        `The API server at ${serverUrl} refused: ${withoutStop(error.message)}. Put that right in the cluster, then try again.`,
        options,
      );
  }
}

const withoutStop = (text: string) => text.replace(/[\s.]+$/, '');

function because(error: ClusterError): string {
  const reasons: readonly (readonly [RegExp, string])[] = [
    [/PROXY_REFUSED/, ' (its proxy refused to pass us on)'],
    [/ECONNREFUSED/, ' (the connection is refused)'],
    [/ENOTFOUND|EAI_AGAIN/, ' (the host name is not known)'],
    [/EHOSTUNREACH|ENETUNREACH/, ' (there is no route)'],
    [/TIMEOUT|ETIMEDOUT|timeout/i, ' (no answer in time)'],
  ];
  return reasons.find(([pattern]) => pattern.test(error.message))?.[1] ?? '';
}

function certificateSentence(error: ClusterError): string {
  if (/ALTNAME/.test(error.message)) return 'is for another host name';
  if (/EXPIRED/.test(error.message)) return 'has expired';
  if (/NOT_YET/.test(error.message)) return 'is not valid yet';
  return 'is not signed by the given certificate authority';
}

/** Does something at an address; what goes wrong between us and the API server there is thrown in the public voice. */
export async function inPublicWords<T>(address: { readonly url: string }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ClusterError ? clusterFault(error, address.url) : error;
  }
}
