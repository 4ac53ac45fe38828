/** Asks until there is an answer, and tells how long that took. */
export async function eventually<T>(
  look: () => Promise<T | null | undefined | false>,
  withinMs = 10_000,
): Promise<{ found: T; ms: number }> {
  const began = performance.now();
  for (;;) {
    const found = await look();
    const ms = performance.now() - began;
    if (found) return { found, ms };
    if (ms > withinMs) throw new Error(`it did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
