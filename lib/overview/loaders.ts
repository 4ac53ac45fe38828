/**
 * The admin's one glance, and the command palette: both read across rooms and own nothing. They promise one question's answer, "is what was
 * decided true everywhere, right now?", from what the other processes wrote down themselves (heartbeats, receipts, the clusters' states), and
 * ask no cluster and no directory. They refuse to name to somebody what they could not open.
 */
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { breakGlassNow } from '#lib/breakglass/loaders.ts';
import { directoriesWithControllers } from '#lib/directory/people/data.ts';
import { directoryView } from '#lib/directory/people/views.ts';
import type { World } from '#lib/entitlement/types.ts';
import { receipts, replicas } from '#lib/revocation/data.ts';
import { liveDoors, openStreams, receiptView } from '#lib/revocation/views.ts';
import { attentionOf } from './attention.ts';
import { clusterCertificates, clustersWithStatus, counts, failedSelfTests, grantsEndingSoon } from './data.ts';
import { find } from './find.ts';
import { overviewOutput, receiptsInput, receiptsOutput, searchInput, searchOutput, streamsOutput } from './schema.ts';

const cutsShown = 12;
const latenciesShown = 200;
const endingDays = 7;
/** A receipt normally takes a heartbeat; only later is its absence worth a word. */
const receiptExpectedMs = 15_000;

export const overviewGet = operation({
  id: 'overview.get',
  method: 'GET',
  path: '/overview',
  summary: 'Is what was decided true everywhere, right now: directory feed, clusters, open streams, latest cut-offs, what needs attention',
  allow: 'auditor',
  input: none,
  output: overviewOutput,
  async run({ db, world, now, config }) {
    const [directories, counted, clusters, processes, cuts, endingSoon, certificates, selfTests, breakGlass] = await Promise.all([
      directoriesWithControllers(db),
      counts(db),
      clustersWithStatus(db),
      replicas(db),
      receipts(db, { limit: latenciesShown }),
      grantsEndingSoon(db, endingDays),
      clusterCertificates(db),
      failedSelfTests(db),
      breakGlassNow({ db, world, now, config }),
    ]);
    const streams = openStreams(world, processes);
    const doors = liveDoors(processes);
    const told = cuts.map((row) => receiptView(world, row, doors));
    const shown = directories.map((row) => directoryView(world, row, now));
    const unreceipted = cuts.filter(
      ({ receiptAt, evidenceAt }) => receiptAt === null && now.getTime() - evidenceAt.getTime() > receiptExpectedMs,
    ).length;
    return {
      installation: { id: world.installation.id },
      now,
      directories: shown,
      counts: {
        ...counted,
        livePeople: livePeople(world, now).length,
        clusters: clusters.length,
        projects: [...world.projects()].length,
        roles: [...world.roles()].length,
        grants: world.liveBindings(now).length,
        streams: streams.length,
      },
      clusters: clusters.map(({ syncState, message, convergedAt, checkedAt, objects, mended, ...cluster }) => ({
        ...cluster,
        sync: { state: syncState, message, convergedAt, checkedAt, objects, mended },
        people: world.entitledPeople(cluster.id, now).length,
        streams: streams.filter((stream) => stream.cluster.id === cluster.id).length,
      })),
      processes,
      recentCuts: told.filter(({ kind }) => kind === 'person').slice(0, cutsShown),
      latencies: told.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs])),
      attention: attentionOf({
        now,
        directories: shown,
        clusters,
        certificates,
        failedSelfTests: selfTests,
        processes,
        endingSoon,
        admins: adminsOf(world, now),
        unreceipted,
        breakGlass,
      }),
    };
  },
});

function livePeople(world: World, now: Date): string[] {
  const live: string[] = [];
  for (const { id } of world.people()) if (world.standing(id, now) === 'live') live.push(id);
  return live;
}

function adminsOf(world: World, now: Date): number {
  const candidates = new Set<string>();
  for (const { roleId, subjectKind, subjectId } of world.liveBindings(now)) {
    if (world.role(roleId)?.portal !== 'admin') continue;
    for (const id of subjectKind === 'person' ? [subjectId] : world.membersOf(subjectId)) candidates.add(id);
  }
  return [...candidates].filter((id) => world.portalPowers(id, now).admin && world.standing(id, now) === 'live').length;
}

export const streamsList = operation({
  id: 'streams.list',
  method: 'GET',
  path: '/streams',
  summary: 'Every stream that is open through any door, as of the last heartbeat',
  allow: 'auditor',
  input: none,
  output: streamsOutput,
  async run({ db, world }) {
    return { streams: openStreams(world, await replicas(db)) };
  },
});

export const receiptsList = operation({
  id: 'receipts.list',
  method: 'GET',
  path: '/receipts',
  summary: 'The latest revocations with what every door said about them',
  allow: 'auditor',
  input: receiptsInput,
  output: receiptsOutput,
  async run({ db, world }, _viewer, { limit }) {
    const [rows, processes] = await Promise.all([receipts(db, { limit }), replicas(db)]);
    return { receipts: rows.map((row) => receiptView(world, row, liveDoors(processes))) };
  },
});

export const searchAll = operation({
  id: 'search',
  method: 'GET',
  path: '/search',
  summary: 'The command palette: pages, people, groups, clusters, roles and projects that I may see',
  allow: 'person',
  input: searchInput,
  output: searchOutput,
  async run(context, viewer, { q, limit }) {
    return { hits: await find(context, viewer, q, limit) };
  },
});

export const operations = [overviewGet, streamsList, receiptsList, searchAll];
