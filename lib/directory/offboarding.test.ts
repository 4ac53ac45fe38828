/**
 * Everybody who leaves, in every way in which people leave, while everything goes wrong that can: from a commit in a real Active Directory,
 * through the worker, PostgreSQL and the change feed, to a door with an open watch, a credential in use and a portal session. All reasons of
 * one circumstance happen at the same time, to one person each.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnByLogin } from '#e2e/stack/samba/names.ts';
import { staff } from '#e2e/stack/samba/roster.ts';
import type { Directory } from '#e2e/stack/samba.ts';
import { type Company, startCompany } from './testing/company.ts';
import { eventually } from './testing/eventually.ts';
import { type Leaver, letIn, personCalled, statusOfNewcomer } from './testing/leaver.ts';
import {
  innerGroup,
  isDeleted,
  isRenamed,
  isReplaced,
  newNameOf,
  outerGroup,
  type Reason,
  reasons,
  teamLeaves,
  teamOf,
} from './testing/reasons.ts';

interface Circumstance {
  readonly name: string;
  /** As it is promised, and as a machine that is busy with something else keeps it. */
  readonly bound: string;
  readonly assertedMs: number;
  readonly of: readonly Reason[];
  /** Everybody's streams may break then, to be opened anew; no right is lost by it. */
  readonly breaksStreams?: boolean;
  /** Does `act` (at the first domain controller, unless another is named) amid its misfortune, and gives the moment from which the bound counts. */
  amid(company: Company, act: (at?: Directory | null) => Promise<void>): Promise<number>;
}

const circumstances: readonly Circumstance[] = [
  {
    name: 'with one domain controller',
    bound: 'within 1 s',
    assertedMs: 3_000,
    of: reasons,
    amid: (_company, act) => act().then(() => 0),
  },
  {
    name: 'with every notification lost, LDAP’s and PostgreSQL’s',
    bound: 'within 1 s',
    assertedMs: 3_000,
    of: reasons,
    async amid(company, act) {
      await company.loseNotifications(true);
      await act();
      return 0;
    },
  },
  {
    name: 'with the worker that follows killed before it could see it',
    bound: 'within 6 s of its end',
    assertedMs: 10_000,
    of: reasons,
    async amid(company, act) {
      const { process } = await company.leader();
      process.kill('SIGSTOP');
      await act();
      process.kill('SIGKILL');
      await process.exited;
      return performance.now();
    },
  },
  {
    name: 'with PostgreSQL killed before it could be written, and started again',
    bound: 'within 5 s of its return',
    assertedMs: 10_000,
    of: reasons,
    breaksStreams: true,
    async amid({ place }, act) {
      await place.postgres.signal('SIGKILL');
      await act();
      await place.postgres.start();
      return performance.now();
    },
  },
  {
    name: 'on a second domain controller that is followed beside the leader and tells nobody yet',
    bound: 'within 1 s',
    assertedMs: 3_000,
    of: reasons.filter(({ needsNoLeader }) => needsNoLeader),
    async amid(company, act) {
      await company.followBoth();
      await act(await company.beside());
      return 0;
    },
  },
  {
    name: 'on a second domain controller that replicates when it is told to',
    bound: 'within 1 s of it',
    assertedMs: 3_000,
    of: reasons,
    async amid(company, act) {
      await act(await company.beside());
      await company.replicateToLeader();
      return performance.now();
    },
  },
  {
    name: 'where the sync account sees no tombstones',
    bound: 'within 15 s',
    assertedMs: 15_000,
    of: reasons.filter(({ name }) => name === isDeleted || name === isReplaced),
    async amid(company, act) {
      await company.followWithoutTombstones();
      // What was looked up just now is not looked up again at once: the worst moment for whoever is deleted next.
      await company.ad.modify(dnByLogin('dave'), { title: 'Support Lead' });
      await new Promise((resolve) => setTimeout(resolve, 600));
      await act();
      return 0;
    },
  },
];

const leaverFor = (circumstance: Circumstance, reason: Reason) =>
  staff[circumstances.indexOf(circumstance) * reasons.length + reasons.indexOf(reason)]?.login ?? '';
const pairs = circumstances.flatMap((circumstance) =>
  circumstance.of.map((reason) => ({ reason, login: leaverFor(circumstance, reason) })),
);
const patienceMs = 30_000;

let company: Company;

beforeAll(async () => {
  const teams = pairs
    .filter(({ reason }) => reason.name === teamLeaves)
    .map(({ login }) => ({ name: teamOf(login), members: [dnByLogin(login)] }));
  const others = pairs.filter(({ reason }) => reason.name !== teamLeaves).map(({ login }) => dnByLogin(login));
  company = await startCompany({
    scopeUnits: ['OU=People'],
    withSecond: true,
    groups: [{ name: innerGroup, members: others }, ...teams, { name: outerGroup, inside: [innerGroup, ...teams.map(({ name }) => name)] }],
  });
  await company.grantTo(outerGroup);
});
afterAll(async () => {
  await company?.close();
});

describe.each(circumstances.map((one) => [`${one.name}, everything is over ${one.bound}:`, one] as const))('%s', (_title, circumstance) => {
  const leavers = new Map<Reason, Leaver>();
  const heldFrom = new Map<Reason, number>();
  const took: string[] = [];

  beforeAll(async () => {
    for (const reason of circumstance.of) leavers.set(reason, await letIn(company, leaverFor(circumstance, reason)));
    const from = await circumstance.amid(company, async (at) => {
      for (const reason of circumstance.of) heldFrom.set(reason, await reason.act(at ?? company.ad, leaverFor(circumstance, reason)));
    });
    for (const [reason, at] of heldFrom) heldFrom.set(reason, Math.max(at, from));
    await eventually(async () => circumstance.of.every((reason) => isOver(reason, leavers.get(reason))), patienceMs).catch(() => {});
    // Whatever were to come back would come now.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  afterAll(async () => {
    console.log(`${circumstance.name}, stream/credential/session over after ms: ${took.join(', ')}`);
    await Promise.all([...leavers.values()].map((leaver) => leaver.leave()));
    if (company.relay.deaf) await company.loseNotifications(false);
  });

  test.each(circumstance.of.map((one) => [`${one.name} (${one.covers})`, one] as const))('somebody %s', async (_title, reason) => {
    const leaver = leavers.get(reason);
    const from = heldFrom.get(reason) ?? 0;
    expect(leaver).toBeDefined();
    if (!leaver) return;
    const after = Object.fromEntries(
      Object.entries(leaver.endings).map(([what, at]) => [what, at === null ? null : Math.round(at - from)]),
    );
    took.push(
      `${reason.name} ${Object.values(after)
        .map((ms) => ms ?? '·')
        .join('/')}`,
    );
    expect(leaver.cameBack).toEqual([]);
    expect(leaver.refusedWith).toBe(reason.refusedWith);
    const ends = (what: keyof typeof leaver.endings, isToEnd: boolean) => {
      if (isToEnd) expect(after[what], what).toSatisfy((ms: number | null) => ms !== null && ms < circumstance.assertedMs);
      else expect(after[what], what).toBeNull();
    };
    ends('credential', reason.refusedWith !== null);
    ends('session', reason.endsSession);
    if (reason.refusedWith !== null || !circumstance.breaksStreams) ends('stream', reason.refusedWith !== null);
    if (reason.name === isRenamed) await expectOnlyLabelsChanged(leaver);
    if (reason.name === isReplaced) await expectSomebodyElse(leaver);
  });
});

function isOver({ refusedWith, endsSession }: Reason, leaver: Leaver | undefined): boolean {
  if (!leaver) return false;
  const { stream, credential, session } = leaver.endings;
  return (refusedWith === null || (stream !== null && credential !== null)) && (!endsSession || session !== null);
}

async function expectOnlyLabelsChanged({ id, login }: Leaver): Promise<void> {
  const { found } = await eventually(() => personCalled(company, newNameOf(login)).catch(() => null), patienceMs);
  expect(found).toMatchObject({ id, name: newNameOf(login) });
  expect(found.dn).toMatch(new RegExp(`^CN=${newNameOf(login)},`));
  const { rows } = await company.db.sql.query('SELECT 1 FROM revocation WHERE person_id = $1', [id]);
  expect(rows).toEqual([]);
}

async function expectSomebodyElse({ id, login }: Leaver): Promise<void> {
  const { found } = await eventually(() => personCalled(company, login).catch(() => null), patienceMs);
  expect(found.id).not.toBe(id);
  const { rows } = await company.db.sql.query<{ event: string }>(
    `SELECT 'membership' AS event FROM membership m JOIN directory_group g ON g.id = m.group_id WHERE m.member_id = $1 AND g.name LIKE 'offboarding%'
     UNION ALL SELECT 'binding' FROM binding WHERE subject_id = $1 UNION ALL SELECT 'credential' FROM credential WHERE person_id = $1`,
    [found.id],
  );
  expect(rows).toEqual([]);
  expect(await statusOfNewcomer(company, found.id)).toBe(403);
}
