/** A list of operations in numbers: what a preview tells beforehand and the history afterwards. */
import { type Operation, rowsOfAll } from './operation.ts';

export interface Tally {
  readonly peopleAppeared: number;
  readonly peopleChanged: number;
  /** Deleted, or out of scope from now on. */
  readonly peopleLeft: number;
  /** Who loses access at once, for whatever reason; whoever leaves and was disabled before is not among them. */
  readonly peopleCut: number;
  readonly groupsAppeared: number;
  readonly groupsChanged: number;
  readonly groupsLeft: number;
  readonly membershipsAdded: number;
  readonly membershipsRemoved: number;
}

export type UpdateOfPerson = Extract<Operation, { kind: 'update-person' }>;

export function tallyOf(operations: readonly Operation[]): Tally {
  const updates = operations.filter((operation) => operation.kind === 'update-person');
  const left = updates.filter(isLeaving);
  const count = (...kinds: Operation['kind'][]) => operations.filter(({ kind }) => kinds.includes(kind)).length;
  const returned = updates.filter(isReturning).length;
  return {
    peopleAppeared: count('create-person') + returned,
    peopleChanged: updates.length - left.length - returned,
    peopleLeft: left.length,
    peopleCut: updates.filter(({ cut }) => cut !== null).length,
    groupsAppeared: count('create-group'),
    groupsChanged: count('update-group'),
    groupsLeft: count('delete-group'),
    membershipsAdded: rowsOfAll(operations.filter(({ kind }) => kind === 'add-members')),
    membershipsRemoved: count('remove-member'),
  };
}

export function isLeaving({ changes, person }: UpdateOfPerson): boolean {
  const leaves = changes.some(({ field, from }) => (field === 'deletedAt' && from === null) || (field === 'outOfScope' && from === false));
  return leaves && (person.deletedAt !== null || person.outOfScope);
}

/** Was deleted or out of scope, and has a place here again: the same person, with the same id. */
export function isReturning({ changes, person }: UpdateOfPerson): boolean {
  const returns = changes.some(({ field, from }) => (field === 'deletedAt' && from !== null) || (field === 'outOfScope' && from === true));
  return returns && person.deletedAt === null && !person.outOfScope;
}
