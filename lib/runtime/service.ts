/** The one shape of everything that runs: start is idempotent, stop waits until nothing of it moves any more. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}
