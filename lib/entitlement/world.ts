/**
 * The picture of the world that every decision is made from, held in memory by each process that decides.
 *
 * It promises: an answer needs no query and no network; it is complete up to `seq` (only what a large directory's take-over brought may
 * follow some seconds later); it changes in whole steps, never halfway; and what ended by the clock has ended. It trusts only our own
 * database, read in one snapshot. It refuses by silence: whoever or whatever is not in it has no right. How old it may be is not its
 * business: the change feed's lease is asked before it is.
 */
import type { Database } from '#lib/db/database.ts';
import { readTouched, readWorld } from './data.ts';
import { Facts } from './facts.ts';
import { Resolver } from './resolve.ts';
import { TakeOver } from './take-over.ts';
import type { World, WorldNamespace, WorldRows } from './types.ts';

export type { World, WorldRows } from './types.ts';

const noNamespaces: ReadonlyMap<string, WorldNamespace> = new Map();

export async function loadWorld(db: Database): Promise<World> {
  return createWorld(await readWorld(db));
}

export function createWorld(rows: WorldRows): World {
  const facts = new Facts(rows);
  const resolver = new Resolver(facts, rows.installation.id);
  const takeOver = new TakeOver((directory) => {
    facts.directory = directory;
    resolver.forget();
  });
  let seq = rows.seq;
  return {
    get seq() {
      return seq;
    },
    installation: rows.installation,
    async apply(changes, db) {
      const last = changes.at(-1);
      if (!last) return;
      const touched = await readTouched(db, changes);
      facts.put(touched);
      if (touched.keys.size > 0) resolver.forget();
      await takeOver.follow(changes, db);
      if (last.seq > seq) seq = last.seq;
    },

    person: (id) => facts.directory.people.get(id),
    people: () => facts.directory.people.values(),
    group: (id) => facts.directory.groups.get(id),
    standing: (personId, now) => resolver.standing(personId, now),
    groupsOf: (personId) => facts.directory.graph.groupsOf(personId),
    pathTo: (personId, groupId) => facts.directory.graph.pathTo(personId, groupId),
    membersOf: (groupId) => resolver.membersOf(groupId),

    bindingsOf: (personId, now) => resolver.bindingsOf(personId, now),
    liveBindings: (now) => resolver.liveBindings(now),
    platformGroups: (personId, clusterId, now) => resolver.platformGroups(personId, clusterId, now),
    namespacesOf: (personId, clusterId, now) => resolver.namespacesOf(personId, clusterId, now),
    portalPowers: (personId, now) => resolver.portalPowers(personId, now),
    entitledPeople: (clusterId, now) => resolver.entitledPeople(clusterId, now),
    pairsInUse: (clusterId, now) => resolver.pairsInUse(clusterId, now),
    reach: (scope, clusterId) => resolver.reach(scope, clusterId),
    reachOfPlace: (place, clusterId) => resolver.reachOfPlace(place, clusterId),
    nextEnd: (now) => resolver.nextEnd(now),

    role: (id) => facts.roles.get(id),
    roles: () => facts.roles.values(),
    effectiveRules: (roleId) => resolver.effectiveRules(roleId),
    scope: (id) => facts.scopes.get(id),
    scopes: () => facts.scopes.values(),
    binding: (id) => facts.bindings.get(id),

    cluster: (id) => facts.clusters.get(id),
    clusterByName: (name) => facts.clustersByName.get(name),
    clusters: () => facts.clusters.values(),
    namespaces: (clusterId) => facts.namespaces.get(clusterId) ?? noNamespaces,
    hasEntered: (clusterId, wireName) => facts.entries.get(clusterId)?.has(wireName) ?? false,

    project: (id) => facts.projects.get(id),
    projects: () => facts.projects.values(),
    namespacesOfProject: (projectId) => facts.namespacesByProject.get(projectId) ?? [],
    projectNamespaces: (clusterId) => facts.projectNamespacesByCluster.get(clusterId) ?? [],

    credentialByHash: (hex) => facts.credentialsByHash.get(hex),
    credential: (id) => facts.credentials.get(id),
    freshness(directoryId) {
      let freshest: number | null = null;
      for (const { directoryId: of, freshAt } of facts.directory.controllers.values()) {
        if (of === directoryId && freshAt !== null && (freshest === null || freshAt > freshest)) freshest = freshAt;
      }
      return freshest;
    },
  };
}
