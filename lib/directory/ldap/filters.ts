import { EqualityFilter, type Filter, OrFilter } from 'ldapts';
import { guidToBytes } from '../active-directory/guid.ts';

/** Built, not written: the library's filter text has no way to say a byte that is not UTF-8. */
export function anyOfGuids(guids: readonly string[]): Filter {
  return new OrFilter({ filters: guids.map((guid) => new EqualityFilter({ attribute: 'objectGUID', value: guidToBytes(guid) })) });
}
