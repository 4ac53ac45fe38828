/** One step from what our tables say to what the directory says, as a value that explains itself; in rows, how large it is. */
import type { AccountState } from '../active-directory/account.ts';
import type { FormerHolder, KnownGroup, KnownPerson } from '../types.ts';

export interface FieldChange {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

export type Operation =
  | {
      readonly kind: 'create-person';
      readonly person: KnownPerson;
      /** A deleted person who went by the same name. */
      readonly namesake: FormerHolder | null;
    }
  | {
      readonly kind: 'update-person';
      readonly person: KnownPerson;
      readonly from: AccountState;
      readonly changes: readonly FieldChange[];
      /** Set when this takes a living account's access away: it is then written first, alone, with a revocation. */
      readonly cut: AccountState | null;
      /** One of so many who leave at once that an admin had to approve it: what they hold is refused, and kept for the case that it was a mistake. */
      readonly reversible?: boolean;
      /** Since when another password holds: sessions that began with the old one end. */
      readonly newPasswordAt: Date | null;
    }
  | { readonly kind: 'create-group'; readonly group: KnownGroup }
  | { readonly kind: 'update-group'; readonly group: KnownGroup; readonly changes: readonly FieldChange[] }
  | { readonly kind: 'delete-group'; readonly group: KnownGroup; readonly why: RemovalReason }
  /** All that a group gains at once: of a domain there are a million and a half, which fit as lists of ids and not as an object each. */
  | { readonly kind: 'add-members'; readonly groupId: string; readonly memberIds: readonly string[]; readonly isPrimary: boolean }
  | { readonly kind: 'remove-member'; readonly groupId: string; readonly memberId: string; readonly isPrimary: boolean };

export type RemovalReason = 'tombstone' | 'not-found' | 'absent' | 'out-of-scope';

export function rowsOf(operation: Operation): number {
  return operation.kind === 'add-members' ? operation.memberIds.length : 1;
}

export function rowsOfAll(operations: readonly Operation[]): number {
  return operations.reduce((sum, operation) => sum + rowsOf(operation), 0);
}

/**
 * In pieces of up to so many rows, in the same order; a group that gains more than that is spread over several. Made one by one, so that
 * a plan is never there a second time.
 */
export function* inPiecesOf(operations: readonly Operation[], rows: number): Generator<Operation[]> {
  let piece: Operation[] = [];
  let size = 0;
  for (const operation of operations) {
    for (let done = 0; done < rowsOf(operation); ) {
      const part = Math.min(rows - size, rowsOf(operation) - done);
      const isWhole = part === rowsOf(operation) || operation.kind !== 'add-members';
      piece.push(isWhole ? operation : { ...operation, memberIds: operation.memberIds.slice(done, done + part) });
      done += part;
      size += part;
      if (size < rows) continue;
      yield piece;
      [piece, size] = [[], 0];
    }
  }
  if (size > 0) yield piece;
}
