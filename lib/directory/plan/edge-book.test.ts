/** The book of memberships beside the plainest thing that could be one: a map of edges, changed one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KnownEdge } from '../types.ts';
import { type EdgeBook, openEdgeBook } from './edge-book.ts';

const group = fc.constantFrom('g-one', 'g-two', 'g-three', 'g-four');
const member = fc.oneof(fc.constantFrom('p-ann', 'p-ben', 'p-cleo', 'p-dan'), group);
const step = fc.oneof(
  fc.record({ what: fc.constant('add' as const), group, member }),
  fc.record({ what: fc.constant('remove' as const), group, member }),
  fc.record({ what: fc.constant('replace' as const), group, members: fc.array(member, { maxLength: 5 }) }),
  fc.record({ what: fc.constant('primary' as const), member, group: fc.option(group) }),
  fc.record({ what: fc.constant('forget' as const), member }),
);
/** Nobody has two primary groups. */
const someEdges = fc
  .uniqueArray(fc.record({ groupId: group, memberId: member, isPrimary: fc.boolean() }), { selector: nameOf, maxLength: 12 })
  .map((edges) =>
    edges.filter((edge, n) => !edge.isPrimary || edges.findIndex((one) => one.isPrimary && one.memberId === edge.memberId) === n),
  );

function nameOf({ groupId, memberId }: Pick<KnownEdge, 'groupId' | 'memberId'>): string {
  return `${groupId} ${memberId}`;
}

function plainBook(before: readonly KnownEdge[]) {
  const edges = new Map(before.map((edge) => [nameOf(edge), edge]));
  const put = (edge: KnownEdge) => void edges.set(nameOf(edge), edge);
  const isPrimary = (groupId: string, memberId: string) => edges.get(nameOf({ groupId, memberId }))?.isPrimary === true;
  return {
    add: (groupId: string, memberId: string) => put({ groupId, memberId, isPrimary: false }),
    remove(groupId: string, memberId: string) {
      if (!isPrimary(groupId, memberId)) edges.delete(nameOf({ groupId, memberId }));
    },
    replace(groupId: string, memberIds: readonly string[]) {
      for (const edge of [...edges.values()]) {
        if (edge.groupId === groupId && !edge.isPrimary && !memberIds.includes(edge.memberId)) edges.delete(nameOf(edge));
      }
      for (const memberId of memberIds) put({ groupId, memberId, isPrimary: false });
    },
    setPrimary(memberId: string, groupId: string | null) {
      for (const edge of [...edges.values()]) {
        if (edge.memberId === memberId && edge.isPrimary && edge.groupId !== groupId) edges.delete(nameOf(edge));
      }
      if (groupId !== null) put({ groupId, memberId, isPrimary: true });
    },
    forget(ids: ReadonlySet<string>) {
      for (const edge of [...edges.values()]) if (ids.has(edge.groupId) || ids.has(edge.memberId)) edges.delete(nameOf(edge));
    },
    difference: () => ({
      added: [...edges.values()].filter((edge) => before.find((one) => nameOf(one) === nameOf(edge))?.isPrimary !== edge.isPrimary),
      removed: before.filter((edge) => !edges.has(nameOf(edge))),
    }),
  };
}

function differenceOf(book: EdgeBook): { added: KnownEdge[]; removed: KnownEdge[] } {
  const all = [...book.differences()];
  const joining = (groupId: string, members: readonly string[], isPrimary: boolean) =>
    members.map((memberId) => ({ groupId, memberId, isPrimary }));
  return {
    added: all.flatMap(({ groupId, joined, joinedAsPrimary }) => [
      ...joining(groupId, joined, false),
      ...joining(groupId, joinedAsPrimary, true),
    ]),
    removed: all.flatMap(({ left }) => left),
  };
}

const inOrder = (edges: readonly KnownEdge[]) => edges.map((edge) => `${nameOf(edge)} ${edge.isPrimary}`).sort();

test('whatever is written into the book of memberships, it tells the difference that a plain map of them would', () => {
  const run = fc.property(someEdges, fc.array(step, { maxLength: 12 }), (edges, steps) => {
    const [book, plain] = [openEdgeBook(edges), plainBook(edges)];
    for (const one of steps) {
      for (const each of [book, plain]) {
        if (one.what === 'add') each.add(one.group, one.member);
        else if (one.what === 'remove') each.remove(one.group, one.member);
        else if (one.what === 'replace') each.replace(one.group, one.members);
        else if (one.what === 'primary') each.setPrimary(one.member, one.group);
        else each.forget(new Set([one.member]));
      }
    }
    const [found, expected] = [differenceOf(book), plain.difference()];
    expect(inOrder(found.added)).toEqual(inOrder(expected.added));
    expect(inOrder(found.removed)).toEqual(inOrder(expected.removed));
  });
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Date.now() % 1_000_000);
  fc.assert(run, { seed, numRuns: process.env.GATEHOUSE_TEST_LONG ? 50_000 : 2_000 });
});
