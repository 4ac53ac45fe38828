/**
 * Memberships as they are to be, written from those that are; at the end it tells the difference. A million and a half of them fit because ids
 * are small integers here, members of a group are one array of them, and a set is made only where single members come and go.
 */
import type { KnownEdge } from '../types.ts';

export interface EdgeBook {
  /** One that is there already; before anything is said about any. */
  know(edge: KnownEdge): void;
  add(groupId: string, memberId: string): void;
  remove(groupId: string, memberId: string): void;
  replace(groupId: string, memberIds: Iterable<string>): void;
  setPrimary(memberId: string, groupId: string | null): void;
  /** Drops whatever one of these stands in. */
  forget(ids: ReadonlySet<string>): void;
  /** Group by group; after that the book is empty. */
  differences(): Iterable<Difference>;
}

/** What a group gains and loses. Whoever was there and has it as a primary group from now on, or no more, joins anew as that. */
export interface Difference {
  readonly groupId: string;
  readonly joined: readonly string[];
  readonly joinedAsPrimary: readonly string[];
  readonly left: readonly KnownEdge[];
}

const nobody: readonly number[] = [];

export function openEdgeBook(edges: Iterable<KnownEdge> = []): EdgeBook {
  const ids: string[] = [];
  const numbers = new Map<string, number>();
  const before = new Map<number, number[]>();
  const primaryBefore = new Map<number, number>();
  /** Of groups that were touched, the members as they are to be, each once; of all others nothing changes. */
  const wanted = new Map<number, Set<number> | Uint32Array>();
  /** An edge is a primary one when this says so of its member. */
  const primaryOf = new Map<number, number>();

  for (const edge of edges) know(edge);

  function know({ groupId, memberId, isPrimary }: KnownEdge): void {
    const [group, member] = [numberOf(groupId), numberOf(memberId)];
    const members = before.get(group);
    if (members) members.push(member);
    else before.set(group, [member]);
    if (!isPrimary) return;
    primaryBefore.set(member, group);
    primaryOf.set(member, group);
  }
  function numberOf(id: string): number {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    const number = ids.push(id) - 1;
    numbers.set(id, number);
    return number;
  }
  function membersOf(group: number): Set<number> {
    const touched = wanted.get(group);
    if (touched instanceof Set) return touched;
    const members = new Set(touched ?? before.get(group));
    wanted.set(group, members);
    return members;
  }
  function put(group: number, member: number, isPrimary: boolean): void {
    membersOf(group).add(member);
    if (isPrimary) primaryOf.set(member, group);
    else if (primaryOf.get(member) === group) primaryOf.delete(member);
  }
  function drop(group: number, member: number): void {
    membersOf(group).delete(member);
    if (primaryOf.get(member) === group) primaryOf.delete(member);
  }
  function isAsItWas(group: number, staying: ReadonlySet<number>): boolean {
    const members = before.get(group) ?? nobody;
    if (wanted.has(group) || members.length !== staying.size) return false;
    return members.every((member) => staying.has(member) && primaryOf.get(member) !== group);
  }

  function* differences(): Generator<Difference> {
    for (const [group, members] of wanted) {
      const were = new Set(before.get(group));
      const groupId = ids[group] ?? '';
      const [joined, joinedAsPrimary, left]: [string[], string[], KnownEdge[]] = [[], [], []];
      for (const member of members) {
        const isPrimary = primaryOf.get(member) === group;
        const isAsBefore = were.delete(member) && (primaryBefore.get(member) === group) === isPrimary;
        if (!isAsBefore) (isPrimary ? joinedAsPrimary : joined).push(ids[member] ?? '');
      }
      for (const member of were) left.push({ groupId, memberId: ids[member] ?? '', isPrimary: primaryBefore.get(member) === group });
      // Asked once: whoever takes the difference holds as much again.
      wanted.delete(group);
      yield { groupId, joined, joinedAsPrimary, left };
    }
  }

  return {
    know,
    differences,
    add: (groupId, memberId) => put(numberOf(groupId), numberOf(memberId), false),
    // A primary group never lists its people: what its member list says or does not say does not touch them.
    remove(groupId, memberId) {
      const [group, member] = [numberOf(groupId), numberOf(memberId)];
      if (primaryOf.get(member) !== group) drop(group, member);
    },
    replace(groupId, memberIds) {
      const group = numberOf(groupId);
      const staying = new Set<number>();
      for (const id of memberIds) staying.add(numberOf(id));
      if (isAsItWas(group, staying)) return;
      for (const member of wanted.get(group) ?? before.get(group) ?? nobody) {
        if (staying.has(member)) {
          if (primaryOf.get(member) === group) primaryOf.delete(member);
        } else if (primaryOf.get(member) === group) staying.add(member);
      }
      wanted.set(group, Uint32Array.from(staying));
    },
    setPrimary(memberId, groupId) {
      const member = numberOf(memberId);
      const group = groupId === null ? null : numberOf(groupId);
      const former = primaryOf.get(member);
      if (former === group) return;
      if (former !== undefined) drop(former, member);
      if (group !== null) put(group, member, true);
    },
    forget(forgotten) {
      if (forgotten.size === 0) return;
      const gone = new Set([...forgotten].flatMap((id) => numbers.get(id) ?? []));
      for (const group of new Set([...before.keys(), ...wanted.keys()])) {
        for (const member of [...(wanted.get(group) ?? before.get(group) ?? nobody)]) {
          if (gone.has(group) || gone.has(member)) drop(group, member);
        }
      }
    },
  };
}
