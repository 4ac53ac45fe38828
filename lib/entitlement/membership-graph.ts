/**
 * Who is in which group, directly or nested. 100,000 people with 1.5 million memberships fit because nodes are small integers and edges
 * are arrays of them; closures are computed when asked for and forgotten whenever any membership changes. A group that carries no rights
 * (a distribution group, a deleted one) is a dead end: it is neither counted nor passed through. Circles are followed once.
 */

// More than any honest working set of one process; past it the memory of closures is simply begun anew.
const rememberedPeopleMax = 20_000;

const nothing: readonly number[] = [];

export class MembershipGraph {
  readonly #ids: string[] = [];
  readonly #index = new Map<string, number>();
  readonly #carries = new Set<number>();
  readonly #members = new Map<number, Int32Array>();
  readonly #parents: (number[] | undefined)[] = [];

  readonly #ancestors = new Map<number, Int32Array>();
  readonly #closures = new Map<string, ReadonlySet<string>>();

  /** `carries` = a live security group. */
  setGroup(groupId: string, carries: boolean): void {
    const group = this.#node(groupId);
    if (this.#carries.has(group) === carries) return;
    if (carries) this.#carries.add(group);
    else this.#carries.delete(group);
    this.#forget();
  }

  setMembers(groupId: string, memberIds: readonly string[]): void {
    const group = this.#node(groupId);
    const before = this.#members.get(group) ?? new Int32Array();
    const after = Int32Array.from(new Set(memberIds), (id) => this.#node(id));
    const kept = new Set(after);
    for (const member of before) {
      if (!kept.has(member)) this.#parents[member] = this.#parents[member]?.filter((parent) => parent !== group);
    }
    const known = new Set(before);
    for (const member of after) {
      if (known.has(member)) continue;
      const parents = this.#parents[member];
      if (parents) parents.push(group);
      else this.#parents[member] = [group];
    }
    this.#members.set(group, after);
    this.#forget();
  }

  groupsOf(memberId: string): ReadonlySet<string> {
    const remembered = this.#closures.get(memberId);
    if (remembered) return remembered;
    const groups = new Set<number>();
    for (const parent of this.#liveParents(memberId)) {
      groups.add(parent);
      for (const ancestor of this.#ancestorsOf(parent)) groups.add(ancestor);
    }
    const closure = new Set([...groups].map((group) => this.#ids[group] ?? ''));
    if (this.#closures.size >= rememberedPeopleMax) this.#closures.clear();
    this.#closures.set(memberId, closure);
    return closure;
  }

  /** Breadth first, so the shortest way; among equals the one whose ids sort first, so that it reads the same each time. */
  pathTo(memberId: string, groupId: string): readonly string[] {
    const target = this.#index.get(groupId);
    if (target === undefined || !this.#carries.has(target)) return [];
    const cameFrom = new Map<number, number | null>();
    let front = this.#sorted(this.#liveParents(memberId));
    for (const group of front) cameFrom.set(group, null);
    while (front.length > 0) {
      if (cameFrom.has(target)) return this.#walkBack(target, cameFrom);
      const next: number[] = [];
      for (const group of front) {
        for (const parent of this.#sorted((this.#parents[group] ?? nothing).filter((id) => this.#carries.has(id)))) {
          if (cameFrom.has(parent)) continue;
          cameFrom.set(parent, group);
          next.push(parent);
        }
      }
      front = next;
    }
    return [];
  }

  /** Everything below the groups that is not itself a group that carries rights: the caller knows which of them are people. */
  membersOf(...groupIds: readonly string[]): ReadonlySet<string> {
    const tops = groupIds.map((id) => this.#index.get(id)).filter((group) => group !== undefined && this.#carries.has(group));
    const seen = new Set(tops);
    const leaves = new Set<string>();
    const open = [...seen];
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      for (const member of this.#members.get(group) ?? nothing) {
        if (seen.has(member)) continue;
        seen.add(member);
        if (this.#carries.has(member)) open.push(member);
        else leaves.add(this.#ids[member] ?? '');
      }
    }
    return leaves;
  }

  #node(id: string): number {
    const known = this.#index.get(id);
    if (known !== undefined) return known;
    const node = this.#ids.push(id) - 1;
    this.#index.set(id, node);
    return node;
  }

  #liveParents(memberId: string): readonly number[] {
    const node = this.#index.get(memberId);
    if (node === undefined) return nothing;
    return (this.#parents[node] ?? nothing).filter((parent) => this.#carries.has(parent));
  }

  #ancestorsOf(group: number): Int32Array {
    const remembered = this.#ancestors.get(group);
    if (remembered) return remembered;
    const seen = new Set<number>();
    const open = [group];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const parent of this.#parents[node] ?? nothing) {
        if (seen.has(parent) || !this.#carries.has(parent)) continue;
        seen.add(parent);
        open.push(parent);
      }
    }
    const ancestors = Int32Array.from(seen);
    this.#ancestors.set(group, ancestors);
    return ancestors;
  }

  #walkBack(target: number, cameFrom: ReadonlyMap<number, number | null>): string[] {
    const path: string[] = [];
    for (let node: number | null | undefined = target; node !== null && node !== undefined; node = cameFrom.get(node)) {
      path.unshift(this.#ids[node] ?? '');
    }
    return path;
  }

  #sorted(nodes: readonly number[]): number[] {
    return [...nodes].sort((a, b) => ((this.#ids[a] ?? '') < (this.#ids[b] ?? '') ? -1 : 1));
  }

  #forget(): void {
    this.#ancestors.clear();
    this.#closures.clear();
  }
}
