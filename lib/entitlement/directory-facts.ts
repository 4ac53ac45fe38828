import type { DirectoryRows, Touched } from './data.ts';
import { replace } from './keyed.ts';
import { MembershipGraph } from './membership-graph.ts';
import type { WorldController, WorldDirectory, WorldGroup, WorldPerson } from './types.ts';

// Long enough to get on, short enough that no request notices.
const sliceMs = 8;

/** What came from directories: people, groups and who is in which. By far the largest part of the world, so it can be built beside the old one. */
export class DirectoryFacts {
  readonly directories: Map<string, WorldDirectory>;
  readonly controllers: Map<string, WorldController>;
  readonly people: Map<string, WorldPerson>;
  readonly groups: Map<string, WorldGroup>;
  readonly graph = new MembershipGraph();

  constructor({ directories, controllers, people, groups }: DirectoryRows) {
    this.directories = new Map(directories.map((row) => [row.id, row]));
    this.controllers = new Map(controllers.map((row) => [row.id, row]));
    this.people = new Map(people.map((row) => [row.id, row]));
    this.groups = new Map(groups.map((row) => [row.id, row]));
    for (const group of groups) this.graph.setGroup(group.id, carriesRights(group));
  }

  put({ keys, rows }: Touched): void {
    replace(keys.get('person'), rows.people, this.people);
    replace(keys.get('domain-controller'), rows.controllers, this.controllers);
    replace(keys.get('group'), rows.groups, this.groups);
    for (const id of keys.get('group') ?? []) this.graph.setGroup(id, carriesRights(this.groups.get(id)));
    if (!rows.memberships) return;
    const members = new Map(rows.memberships);
    for (const id of keys.get('membership') ?? []) this.graph.setMembers(id, members.get(id) ?? []);
  }
}

export function buildDirectory(rows: DirectoryRows): DirectoryFacts {
  const facts = new DirectoryFacts(rows);
  for (const [groupId, memberIds] of rows.memberships) facts.graph.setMembers(groupId, memberIds);
  return facts;
}

/** The same in slices, so that a process that serves keeps serving meanwhile. */
export async function buildDirectoryInSlices(rows: DirectoryRows): Promise<DirectoryFacts> {
  const facts = new DirectoryFacts(rows);
  let sliceBegan = performance.now();
  for (const [groupId, memberIds] of rows.memberships) {
    facts.graph.setMembers(groupId, memberIds);
    if (performance.now() - sliceBegan < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceBegan = performance.now();
  }
  return facts;
}

function carriesRights(group: WorldGroup | undefined): boolean {
  return group?.security === true && !group.deleted;
}
