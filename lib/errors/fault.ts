/**
 * Errors with two voices. `message` is one public sentence: what happened and what to do. `detail` is for the operator's log and never
 * leaves the process in an answer. One code joins them, so that a person can quote it and an operator can find it.
 */

const statusOfKind = {
  'bad-input': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-many': 429,
  internal: 500,
  upstream: 502,
  unavailable: 503,
} as const;

export type FaultKind = keyof typeof statusOfKind;

export interface FaultOptions {
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  /** Per input field, one public sentence. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export class Fault extends Error {
  readonly kind: FaultKind;
  readonly code: string;
  readonly status: number;
  readonly detail: string | undefined;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.kind = kind;
    this.code = code;
    this.status = statusOfKind[kind];
    this.detail = options.detail;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export function fault(kind: FaultKind, code: string, message: string, options?: FaultOptions): Fault {
  return new Fault(kind, code, message, options);
}

/** By shape as well as by class: a framework that bundles this file more than once makes more than one class of it. */
export function isFault(error: unknown): error is Fault {
  return (
    error instanceof Fault || (error instanceof Error && error.name === 'Fault' && 'kind' in error && 'code' in error && 'status' in error)
  );
}

/** Whatever was thrown, as a Fault: a stranger's error becomes `internal` with its text kept for the operator only. */
export function asFault(error: unknown): Fault {
  if (isFault(error)) return error;
  return new Fault('internal', 'internal.unexpected', 'Something went wrong on our side. Try again, and quote the code if it stays.', {
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    cause: error,
  });
}

/** What crosses a process boundary (a request row): both voices, so that the other side's log can be as clear as this side's. */
export interface FaultRecord {
  readonly kind: FaultKind;
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly fields?: Readonly<Record<string, string>> | undefined;
}

export function toRecord({ kind, code, message, detail, fields }: Fault): FaultRecord {
  return { kind, code, message, detail, fields };
}

export function fromRecord({ kind, code, message, detail, fields }: FaultRecord): Fault {
  return new Fault(kind in statusOfKind ? kind : 'internal', code, message, { detail, fields });
}
