import { EqualityFilter, type Filter, OrFilter } from 'ldapts';
import { guidToBytes } from '../active-directory/guid.ts';

/** Built, not written: the library's filter text has no way to say a byte that is not UTF-8. */
export function anyOfGuids(guids: readonly string[]): Filter {
  return new OrFilter({ filters: guids.map((guid) => new EqualityFilter({ attribute: 'objectGUID', value: guidToBytes(guid) })) });
}

/** Objects whose last change had one of these numbers: each is looked up in an index, which a range of them is not everywhere. */
export function touchedBetween(after: bigint, upTo: bigint): Filter {
  const numbers = Array.from({ length: Number(upTo - after) }, (_, n) => String(after + BigInt(n) + 1n));
  return new OrFilter({ filters: numbers.map((value) => new EqualityFilter({ attribute: 'uSNChanged', value })) });
}
