/** What a change may be about. The key says which one; 'directory' means a take-over: everything of that directory is to be read anew. */
export const topics = [
  'person',
  'group',
  'membership',
  'directory',
  'domain-controller',
  'role',
  'scope',
  'binding',
  'cluster',
  'cluster-namespace',
  'cluster-entry',
  'cluster-status',
  'project',
  'credential',
  'session',
  'revocation',
  'installation',
  'invitation',
  'request',
  'namespace-watch',
  'break-glass',
] as const;

export type Topic = (typeof topics)[number];

export interface Change {
  readonly seq: bigint;
  readonly topic: Topic;
  readonly key: string;
  /** When it was written, in ms since 1970 by the database's clock, where the reader knows it. */
  readonly writtenAt?: number;
}

export type Touch = (topic: Topic, key: string) => void;
