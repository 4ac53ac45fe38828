/** A loop runs from start to stop and pauses between its passes; a wake ends the pause at once. */
export interface Loop {
  readonly running: boolean;
  /** Over at once when the loop was stopped. A wake before it is forgotten: who must not miss one notes it before a pass and looks after it. */
  pause(ms: number): Promise<void>;
  wake(): void;
  start(): void;
  /** Waits until the pass in hand is over. */
  stop(): Promise<void>;
}

export function createLoop(run: () => Promise<void>): Loop {
  let running = false;
  let ran: Promise<void> = Promise.resolve();
  let endPause: () => void = () => {};

  return {
    get running() {
      return running;
    },
    async pause(ms) {
      if (!running) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    wake() {
      endPause();
    },
    start() {
      if (running) return;
      running = true;
      ran = run();
    },
    async stop() {
      running = false;
      endPause();
      await ran;
    },
  };
}
