/** Memberships as they are to be, written from those that are; at the end it tells the difference. */
import type { KnownEdge } from './types.ts';

export interface EdgeBook {
  add(groupId: string, memberId: string): void;
  remove(groupId: string, memberId: string): void;
  replace(groupId: string, memberIds: readonly string[]): void;
  setPrimary(memberId: string, groupId: string | null): void;
  /** Drops whatever one of these stands in. */
  forget(ids: ReadonlySet<string>): void;
  difference(): { added: KnownEdge[]; removed: KnownEdge[] };
}

export function openEdgeBook(edges: readonly KnownEdge[]): EdgeBook {
  const before = new Map(edges.map((edge) => [key(edge.groupId, edge.memberId), edge]));
  const wanted = new Map(before);
  const byGroup = new Map<string, Set<string>>();
  const primaryOf = new Map<string, string>();

  function put(edge: KnownEdge): void {
    wanted.set(key(edge.groupId, edge.memberId), edge);
    const members = byGroup.get(edge.groupId);
    if (members) members.add(edge.memberId);
    else byGroup.set(edge.groupId, new Set([edge.memberId]));
    if (edge.isPrimary) primaryOf.set(edge.memberId, edge.groupId);
    else if (primaryOf.get(edge.memberId) === edge.groupId) primaryOf.delete(edge.memberId);
  }
  function drop(groupId: string, memberId: string): void {
    wanted.delete(key(groupId, memberId));
    byGroup.get(groupId)?.delete(memberId);
    if (primaryOf.get(memberId) === groupId) primaryOf.delete(memberId);
  }
  for (const edge of edges) put(edge);

  return {
    add: (groupId, memberId) => put({ groupId, memberId, isPrimary: false }),
    // A primary group never lists its people: what its member list says or does not say does not touch them.
    remove(groupId, memberId) {
      if (primaryOf.get(memberId) !== groupId) drop(groupId, memberId);
    },
    replace(groupId, memberIds) {
      const staying = new Set(memberIds);
      for (const memberId of [...(byGroup.get(groupId) ?? [])]) {
        if (!staying.has(memberId) && primaryOf.get(memberId) !== groupId) drop(groupId, memberId);
      }
      for (const memberId of staying) put({ groupId, memberId, isPrimary: false });
    },
    setPrimary(memberId, groupId) {
      const former = primaryOf.get(memberId);
      if (former && former !== groupId) drop(former, memberId);
      if (groupId) put({ groupId, memberId, isPrimary: true });
    },
    forget(ids) {
      if (ids.size === 0) return;
      for (const { groupId, memberId } of [...wanted.values()]) {
        if (ids.has(groupId) || ids.has(memberId)) drop(groupId, memberId);
      }
    },
    difference() {
      const added = [...wanted.values()].filter((edge) => before.get(key(edge.groupId, edge.memberId))?.isPrimary !== edge.isPrimary);
      const removed = [...before.values()].filter((edge) => !wanted.has(key(edge.groupId, edge.memberId)));
      return { added, removed };
    },
  };
}

function key(groupId: string, memberId: string): string {
  return `${groupId} ${memberId}`;
}
