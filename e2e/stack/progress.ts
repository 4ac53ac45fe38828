/** Tells a person what takes so long, and how long it took. */
export type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>;

const reminderMs = 30_000;

export const silentProgress: Progress = (_what, work) => work();

export const consoleProgress: Progress = async (what, work) => {
  const begun = performance.now();
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${what} …`);
  const reminder = setInterval(() => console.log(`${what} … still at it (${seconds()} s)`), reminderMs);
  try {
    const result = await work();
    console.log(`${what} (${seconds()} s)`);
    return result;
  } catch (error) {
    console.log(`${what}: failed after ${seconds()} s`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
};
