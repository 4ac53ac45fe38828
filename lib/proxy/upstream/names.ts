/**
 * One cluster's host name, looked up by one question at a time and remembered for a moment. The system answers such questions on four threads
 * for the whole process: a name server that does not answer for one dead cluster must not keep them from all others.
 */
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const keptMs = 10_000;
const failureKeptMs = 1_000;

type Found = { readonly error: NodeJS.ErrnoException } | { readonly addresses: readonly LookupAddress[] };
type Asker = (found: Found) => void;

export function createNames(): LookupFunction {
  const known = new Map<string, { readonly found: Found; readonly until: number }>();
  const asking = new Map<string, Asker[]>();

  function ask(host: string, asker: Asker): void {
    const kept = known.get(host);
    if (kept && performance.now() < kept.until) {
      process.nextTick(asker, kept.found);
      return;
    }
    const others = asking.get(host);
    if (others) {
      others.push(asker);
      return;
    }
    const askers = [asker];
    asking.set(host, askers);
    const all: LookupAllOptions = { all: true };
    lookup(host, all, (error, addresses) => {
      const found: Found = error ? { error } : { addresses };
      known.set(host, { found, until: performance.now() + (error ? failureKeptMs : keptMs) });
      asking.delete(host);
      for (const each of askers) each(found);
    });
  }

  return (host, options, answer) =>
    ask(host, (found) => {
      if ('error' in found) {
        answer(found.error, []);
        return;
      }
      const wanted =
        options.family === 4 || options.family === 6 ? found.addresses.filter(({ family }) => family === options.family) : found.addresses;
      const [first] = wanted;
      if (first === undefined) answer(Object.assign(new Error('no address of that family'), { code: 'ENOTFOUND' }), []);
      else if (options.all) answer(null, [...wanted]);
      else answer(null, first.address, first.family);
    });
}
