/**
 * Hands over what came in one turn of the event loop in one go, right behind the system's last piece of news of that turn: nobody waits, and
 * of many requests that arrive together only the first finds the code of the steps cold (a fifth of all CPU, docs/performance.md). In the
 * order in which they came.
 */
export function together<Item>(serve: (item: Item) => void): (item: Item) => void {
  let waiting: Item[] = [];

  function serveAll(): void {
    const turn = waiting;
    waiting = [];
    for (const item of turn) serve(item);
  }

  return (item) => {
    if (waiting.push(item) === 1) setImmediate(serveAll);
  };
}
