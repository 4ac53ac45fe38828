/**
 * Every refusal of the door, one function each, so that the table of answers can be read here in one sitting. A refusal is thrown by a step
 * and told to the client as a Kubernetes Status; `detail` is for the operator's log alone.
 */
export interface AnswerFacts {
  readonly status: number;
  /** Kubernetes' own word for it: clients decide by this, not by the text. */
  readonly reason: string;
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** What a refusal is about, as the API server puts it into a Status; else our own code stands there. */
  readonly about?: { readonly name: string; readonly group: string; readonly resource: string } | undefined;
  /** The connection cannot be trusted to be in step any more. */
  readonly close?: boolean | undefined;
}

export class Answer extends Error {
  readonly facts: AnswerFacts;
  constructor(facts: AnswerFacts, cause?: unknown) {
    super(facts.message, cause === undefined ? undefined : { cause });
    this.name = 'Answer';
    this.facts = facts;
  }
}

const malformed = (code: string, message: string) =>
  new Answer({ status: 400, reason: 'BadRequest', code: `door.${code}`, message, close: true });

export const badTarget = (why: string) => malformed('bad-target', `The address of this request is refused: ${why}.`);
export const badHeader = (why: string) => malformed('bad-header', `The headers of this request are refused: ${why}.`);
export const badUpgrade = (why: string) => malformed('bad-upgrade', `This upgrade is refused: ${why}.`);
export const badMessage = (why: string) => malformed('bad-message', `This is not a request that can be understood: ${why}.`);
export const badMethod = (method: string) => malformed('bad-method', `The method ${method} is not served here.`);

export const headTooLarge = () =>
  new Answer({
    status: 431,
    reason: 'RequestHeaderFieldsTooLarge',
    code: 'door.head-too-large',
    message: 'The address and headers of this request are larger than 64 KiB together, which is the most that is served here.',
    close: true,
  });

export const tooSlow = () =>
  new Answer({ status: 408, reason: 'Timeout', code: 'door.too-slow', message: 'The request did not arrive in time.', close: true });

export const unauthenticated = (detail: string) =>
  new Answer({
    status: 401,
    reason: 'Unauthorized',
    code: 'door.unauthenticated',
    message: 'You must be logged in: this credential is not, or no longer, good. Download a fresh kubeconfig from the portal.',
    detail,
  });

export const ownImpersonation = (header: string) =>
  new Answer({
    status: 403,
    reason: 'Forbidden',
    code: 'door.own-impersonation',
    message: `Acting as somebody else (--as, the header ${header}) is refused here: this door already impersonates you, and only you.`,
    close: true,
  });

/** Word for word the same for a cluster that does not exist and for one where the person has no right. */
export const noSuchCluster = () =>
  new Answer({
    status: 403,
    reason: 'Forbidden',
    code: 'door.no-access',
    message: 'You have no access to a cluster of this name. The portal shows the clusters that are yours.',
  });

export const noSuchPlace = () =>
  new Answer({
    status: 404,
    reason: 'NotFound',
    code: 'door.no-such-place',
    message:
      'Clusters are served below /clusters/<name>. Download a kubeconfig from the portal: it holds the right addresses. (kubectl proxy uses them when told --append-server-path.)',
  });

export const readOnlyCredential = () =>
  new Answer({
    status: 403,
    reason: 'Forbidden',
    code: 'door.read-only',
    message: 'This credential may only read. Download another one from the portal to change something.',
  });

const namesToldMax = 5;

export const narrowedCredential = (namespaces: readonly string[]) =>
  new Answer({
    status: 403,
    reason: 'Forbidden',
    code: 'door.narrowed',
    message: `This credential is narrowed to ${namespacesInWords(namespaces)}, and this request reaches beyond. Name one of them (-n), or download another kubeconfig from the portal.`,
  });

function namespacesInWords(namespaces: readonly string[]): string {
  const told = namespaces.slice(0, namesToldMax).join(', ');
  if (namespaces.length > namesToldMax) return `the namespaces ${told} and ${namespaces.length - namesToldMax} more`;
  return namespaces.length === 1 ? `the namespace ${told}` : `the namespaces ${told}`;
}

/** In the API server's own words, for it is what the API server would have said to the person. */
export const beyondCeiling = (message: string, about: NonNullable<AnswerFacts['about']>) =>
  new Answer({ status: 403, reason: 'Forbidden', code: 'door.no-right', message, about, detail: message });

/** All of them or nothing: a cluster that hears a part of somebody's groups decides as nobody meant it. */
export const tooManyGrants = (count: number, most: number) =>
  new Answer({
    status: 403,
    reason: 'Forbidden',
    code: 'door.too-many-grants',
    message: `You hold ${count} different grants on this cluster, and at most ${most} can be sent with a request. Ask for fewer and wider ones.`,
  });

export const watchSetChanged = () =>
  new Answer({
    status: 410,
    reason: 'Expired',
    code: 'door.namespaces-changed',
    message: 'The set of namespaces that you may see has changed; list them again.',
  });

const later = (code: string, message: string, retryAfterSeconds: number, detail?: string) =>
  new Answer({ status: 503, reason: 'ServiceUnavailable', code: `door.${code}`, message, detail, retryAfterSeconds });

export const leaseOver = () =>
  later(
    'lease-over',
    'This door cannot tell at the moment whether your access still holds, so it serves nothing. Try again in a moment.',
    2,
  );

export const directoryNotFresh = (boundMinutes: number) =>
  later(
    'directory-not-fresh',
    `The directory has not confirmed your account for more than ${boundMinutes} minutes, the most that this kind of request allows. Try again once it is reachable.`,
    30,
  );

export const nameOnItsWay = () =>
  later('name-on-its-way', 'Your access is on its way: this cluster has not confirmed your name yet. Try again in a few seconds.', 2);

export const groupOnItsWay = () =>
  later('grant-on-its-way', 'A new grant of yours is on its way to this cluster. Try again in a second.', 1);

export const tooManyStreams = () =>
  later('too-many-streams', 'You hold as many open streams as this door allows one person. Close some and try again.', 10);

export const doorFull = () => later('full', 'This door holds as many open requests and streams as it can carry. Try again in a moment.', 5);

export const stopping = () => later('stopping', 'This door is about to stop; another one serves you if you try again.', 1);

export const clusterUnavailable = (detail: string) =>
  later(
    'cluster-unavailable',
    'The credential for this cluster is not at hand; an operator can see why. Try again in a moment.',
    5,
    detail,
  );

export const clusterRebuilt = (detail: string) =>
  later(
    'cluster-rebuilt',
    'Another cluster answers at this address than the one that was registered, so nobody is let through to it. An administrator has to look at it in the portal.',
    30,
    detail,
  );

export const clusterUnreachable = (detail: string) =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-unreachable',
    message: 'The cluster did not answer. It may be down, or out of reach from here.',
    detail,
  });

export const clusterUntrusted = (detail: string) =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-untrusted',
    message: 'The cluster showed a certificate that this door may not trust, so nothing was sent. An operator can see why.',
    detail,
  });

/** Without Retry-After: kubectl would wait for it in silence, ten times over, where its user should read this. */
export const clusterDown = () =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-down',
    message: 'The cluster could not be reached several times in a row, so this was not sent. It is tried again every few seconds.',
  });

export const clusterBusy = () =>
  new Answer({
    status: 429,
    reason: 'TooManyRequests',
    code: 'door.cluster-busy',
    message: 'As many requests as this door allows are waiting for this cluster already. Try again in a moment.',
    retryAfterSeconds: 1,
  });

export const clusterTooSlow = () =>
  new Answer({
    status: 504,
    reason: 'Timeout',
    code: 'door.cluster-too-slow',
    message: 'The cluster took the request and did not begin to answer in time.',
  });

export const clusterCredentialInvalid = (detail: string) =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-credential-invalid',
    message: 'The cluster refused the door itself, not you. An operator has been told; nothing was done.',
    detail,
  });

export const clusterRedirected = () =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-redirected',
    message: 'The cluster answered with a redirect, which is never followed here.',
  });

export const clusterSpokeNonsense = (detail: string) =>
  new Answer({
    status: 502,
    reason: 'BadGateway',
    code: 'door.cluster-malformed',
    message: 'The cluster answered with something that is not valid HTTP; it was thrown away.',
    detail,
  });

export const brokenPromise = (detail: string) =>
  new Answer({
    status: 500,
    reason: 'InternalError',
    code: 'door.broken-promise',
    message: 'Something went wrong in this door and the request was not sent on. Quote the code if it stays.',
    detail,
  });

/** Whatever a step threw. A stranger's error fails closed, and its text is for the operator only. */
export function asAnswer(error: unknown): Answer {
  return error instanceof Answer ? error : brokenPromise(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
