const askAgainMs = 100;
const shownMax = 2_000;

/** Reads until it is good; after the given time, an error that says what was last seen. */
export async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean, what: string, withinMs = 20_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (performance.now() > end) {
      throw new Error(`${what} did not come true within ${withinMs} ms; last seen: ${JSON.stringify(value)?.slice(0, shownMax)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}
