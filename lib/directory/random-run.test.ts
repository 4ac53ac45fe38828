/**
 * Some hundred operations of an administrator, by chance, on a real domain and on a simple model of one, while workers are killed, connections
 * break and the directory is read anew amid all of it. In the end our tables are the model's; and all the while nobody was seen with access
 * that no state of theirs gave.
 *
 *   GATEHOUSE_TEST_SEED=<number printed> the same operations again (an odd one: at two domain controllers); GATEHOUSE_TEST_LONG=1 thousands of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'ldapts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientFor } from '#e2e/stack/samba/administrator.ts';
import type { Directory } from '#e2e/stack/samba.ts';
import { issueCredential } from '#lib/credential/issue.ts';
import { changing } from '#lib/db/database.ts';
import { startSession } from '#lib/session/mutations.ts';
import { createObserver } from './testing/access-observer.ts';
import { type Company, startCompany } from './testing/company.ts';
import { differences } from './testing/comparison.ts';
import { eventually } from './testing/eventually.ts';
import { type Model, stateOf } from './testing/model.ts';
import { createGroup, createNames, createPerson, type Ground, nextOperation, type Operation } from './testing/operations.ts';
import { createRandom } from './testing/random.ts';

const isLong = process.env.GATEHOUSE_TEST_LONG === '1';
/** Left to itself, the short run takes an even one: replicating costs it a third of its time. */
const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 30) * 2 + (isLong ? Math.round(Math.random()) : 0));
const operations = Number(process.env.GATEHOUSE_TEST_OPERATIONS ?? (isLong ? 6_000 : 240));
/** The seed says how many domain controllers there are. With two, work is done now at the one, now at the other, and each learns of it late. */
const hasTwo = seed % 2 === 1;
const atOneInARow = isLong ? 25 : 60;
const [peopleAtFirst, groupsAtFirst] = [24, 8];
const quietWithinMs = 60_000;
/** Longer than a worker's death and everything else at once on a busy machine; with two, it lasts until they replicate. */
const keptAtMostMs = 60_000;

let company: Company;
/** Whoever tries once more finds the first try's people there, and lets them be. */
let tries = 0;
beforeAll(async () => {
  company = await startCompany({ scopeUnits: ['OU=People'], groups: [], withSecond: hasTwo });
  if (hasTwo) await company.followBoth();
});
afterAll(async () => {
  await company?.close();
});

test(
  'whatever an administrator does in whatever order, our tables end as the domain, and nobody has access meanwhile that neither the old nor the new state gives (SECURITY 33, 35, 40, 42)',
  async () => {
    console.log(`GATEHOUSE_TEST_SEED=${seed}`);
    tries += 1;
    const { ad, second, db, world } = company;
    const places: { readonly ad: Directory; readonly client: Client }[] = [];
    for (const one of second ? [ad, second] : [ad]) {
      places.push({ ad: one, client: clientFor(one) });
      await places.at(-1)?.client.bind(one.adminDn, one.adminPassword);
    }
    const [here] = places as [(typeof places)[number]];
    const { client } = here;
    const model: Model = {
      people: new Map(),
      groups: new Map(),
      units: new Map([
        ['here', { name: `run${tries}-here`, parent: `OU=People,${ad.baseDn}`, inScope: true }],
        ['there', { name: `run${tries}-there`, parent: `OU=People,${ad.baseDn}`, inScope: true }],
        ['outside', { name: `run${tries}-outside`, parent: ad.baseDn, inScope: false }],
        ['groups', { name: `run${tries}-groups`, parent: ad.baseDn, inScope: false }],
      ]),
    };
    for (const { name, parent } of model.units.values()) await client.add(`OU=${name},${parent}`, { objectClass: 'organizationalUnit' });
    const random = createRandom(seed);
    let ground: Ground = { ...here, model, random, names: createNames(`r${seed % 1_000}.${tries}-`, { restsUntilAgreed: hasTwo }) };
    const observer = createObserver(model, world, { keptAtMostMs: hasTwo ? Number.POSITIVE_INFINITY : keptAtMostMs, mayBeMissing: hasTwo });
    const told: string[] = [];
    const perform = async ({ text, perform: onModel }: Operation) => {
      const overLdap = onModel();
      observer.note(text);
      told.push(`${new Date().toISOString().slice(14, 23)} ${text}`);
      await overLdap().catch((error: unknown) => {
        throw new Error(`the domain refused it\nthe last operations:\n${told.slice(-60).join('\n')}`, { cause: error });
      });
    };
    const isQuiet = async () => {
      const found = await differences(db, world, model, ad.domain);
      return found.length === 0;
    };

    const before = await everybodyElse(company, model);
    while (model.people.size < peopleAtFirst) await perform(createPerson(ground) as Operation);
    while (model.groups.size < groupsAtFirst) await perform(createGroup(ground) as Operation);
    await eventually(isQuiet, quietWithinMs);
    await giveEverybodyWhatTheyCouldKeep(company, model);
    observer.start();
    const starting: Promise<void>[] = [];
    const disturbances = disturbancesOf(company, starting);
    const began = performance.now();
    let disturbed = 0;
    const living = watchWhatIsHeld(company);

    for (let n = 0; n < operations; n += 1) {
      const disturbance =
        random.chance(1 / 30) || n === Math.floor(operations / 3)
          ? disturbances(random.below(100), n === Math.floor(operations / 3))
          : null;
      if (disturbance) {
        disturbed += 1;
        told.push(`${new Date().toISOString().slice(14, 23)} — ${disturbance.text}`);
        await disturbance.perform();
      }
      const elsewhere = places[Math.floor(n / atOneInARow) % places.length];
      if (elsewhere && elsewhere.ad !== ground.ad) {
        await company.replicateTo(elsewhere.ad);
        ground.names.agreed();
        ground = { ...ground, ...elsewhere };
        told.push(`${new Date().toISOString().slice(14, 23)} — on with the ${elsewhere.ad === ad ? 'first' : 'second'} domain controller`);
      }
      await perform(nextOperation(ground));
      await sleep(random.pick([0, 0, 0, 10, 40, 120]) ?? 0);
    }
    const performedMs = performance.now() - began;
    for (const { ad: one } of places) if (one !== ground.ad) await company.replicateTo(one);
    const quiet = await eventually(isQuiet, quietWithinMs).catch(() => null);
    observer.stop();
    await Promise.all(starting);
    const cameBack = await living.stop();
    console.log(
      `${operations} operations at ${hasTwo ? 'two domain controllers' : 'one domain controller'} in ${(performedMs / 1_000).toFixed(1)} s, ${disturbed} disturbances, ${observer.samples} looks, the same ${quiet ? `${(quiet.ms / 1_000).toFixed(1)} s later` : 'never'}; again with GATEHOUSE_TEST_SEED=${seed}`,
    );
    const tail = `\nthe last operations:\n${told.slice(-60).join('\n')}\nthe workers complained:\n${company.complaints().slice(-20).join('\n')}`;
    expect(await differences(db, world, model, ad.domain), tail).toEqual([]);
    expect(observer.violations, tail).toEqual([]);
    expect(cameBack, tail).toEqual([]);
    expect(await heldWrongly(company, model), tail).toEqual([]);
    expect(await everybodyElse(company, model)).toBe(before);
    for (const one of places) await one.client.unbind();
  },
  isLong ? 7_200_000 : 300_000,
);

/** By a number from 0 to 99, so that the seed alone decides. */
function disturbancesOf({ db, relay, leader, startWorker }: Company, starting: Promise<void>[]) {
  const killLeader = {
    text: 'the worker that follows is killed',
    async perform() {
      const { process } = await leader();
      process.kill('SIGKILL');
      await process.exited;
      // Whoever starts while its connections break ends, and is started again.
      starting.push(startWorker().catch(startWorker).catch(startWorker));
    },
  };
  const cutLdap = { text: 'every LDAP connection breaks', perform: async () => relay.cut() };
  const cutSql = {
    text: 'every connection to PostgreSQL breaks',
    async perform() {
      await db.sql.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user AND pid <> pg_backend_pid()`,
      );
    },
  };
  const forget = {
    text: 'the cookie is lost, and the directory read anew',
    async perform() {
      await db.sql.query('UPDATE domain_controller SET full_read_at = NULL, cookie = NULL');
      relay.cut();
    },
  };
  return (number: number, isKillDue: boolean) =>
    isKillDue || number < 10 ? killLeader : number < 45 ? cutLdap : number < 75 ? cutSql : forget;
}

/** Somebody holds a credential and a session from the beginning: what ends of it must end for good, and nothing else may. */
async function giveEverybodyWhatTheyCouldKeep({ db, place, world }: Company, model: Model): Promise<void> {
  const keyOf = new Map([...model.people.values()].map(({ guid, key }) => [guid, key]));
  for (const { id, displayName: name, objectGuid } of [...world.people()]) {
    if (!keyOf.has(objectGuid)) continue;
    const asked = { deviceId: null, name: 'laptop', days: 1, readOnly: false, clusterIds: null, namespaces: null, now: new Date() };
    await issueCredential(db, place.hashKey, { kind: 'kubeconfig', person: { id, name }, ...asked });
    await changing(db, (tx, touch) =>
      startSession(tx, touch, { hashKey: place.hashKey, person: { id, name }, address: null, userAgent: 'test' }),
    );
  }
}

const held = `SELECT id FROM credential WHERE revoked_at IS NULL UNION ALL SELECT id FROM portal_session WHERE ended_at IS NULL`;

/** What has ended stays ended. */
function watchWhatIsHeld({ db }: Company) {
  let looking = true;
  let before: Set<string> | null = null;
  const cameBack: string[] = [];
  const loop = (async () => {
    while (looking) {
      const rows = await db.sql.query<{ id: string }>(held).then(
        (answer) => answer.rows,
        () => null,
      );
      if (rows) {
        const now = new Set(rows.map(({ id }) => id));
        if (before) for (const id of now) if (!before.has(id)) cameBack.push(id);
        before = now;
      }
      await sleep(100);
    }
  })();
  return {
    async stop() {
      looking = false;
      await loop;
      return cameBack;
    },
  };
}

async function heldWrongly({ db }: Company, model: Model): Promise<string[]> {
  const { rows } = await db.sql.query<{ guid: string; credentials: number; sessions: number; given: number }>(
    `SELECT object_guid AS guid, (SELECT count(*)::integer FROM credential c WHERE c.person_id = p.id) AS given,
       (SELECT count(*)::integer FROM credential c WHERE c.person_id = p.id AND revoked_at IS NULL) AS credentials,
       (SELECT count(*)::integer FROM portal_session s WHERE s.person_id = p.id AND ended_at IS NULL) AS sessions
     FROM person p WHERE object_guid = ANY($1::uuid[])`,
    [[...model.people.values()].map(({ guid }) => guid)],
  );
  return rows.flatMap(({ guid, credentials, sessions, given }) => {
    const person = [...model.people.values()].find((one) => one.guid === guid);
    if (!person || given === 0) return [];
    const isEnded = person.deleted || ['out-of-scope', 'disabled', 'expired'].includes(stateOf(model, person, Date.now()));
    if (isEnded && credentials + sessions > 0) return [`${person.key} is out and still holds something`];
    if (!person.everEnded && credentials === 0) return [`${person.key} was never out and lost a credential`];
    if (!person.everLoggedOut && sessions === 0) return [`${person.key} was never out and lost a session`];
    return [];
  });
}

/** One text for all that the run does not touch. */
async function everybodyElse({ db }: Company, model: Model): Promise<string> {
  const { rows } = await db.sql.query<{ text: string }>(
    `SELECT md5(string_agg(line, E'\\n' ORDER BY line)) AS text FROM (
       SELECT concat_ws(' ', id, dn, sam_account_name, wire_name, state, deleted_at) AS line FROM person WHERE NOT object_guid = ANY($1::uuid[])
       UNION ALL SELECT concat_ws(' ', id, dn, name, deleted_at) FROM directory_group WHERE NOT object_guid = ANY($1::uuid[])
       UNION ALL SELECT concat_ws(' ', group_id, member_id, is_primary) FROM membership
         WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = member_id AND p.object_guid = ANY($1::uuid[]))
           AND NOT EXISTS (SELECT 1 FROM directory_group g WHERE g.id IN (group_id, member_id) AND g.object_guid = ANY($1::uuid[]))) AS lines`,
    [[...model.people.values(), ...model.groups.values()].map(({ guid }) => guid)],
  );
  return rows[0]?.text ?? '';
}
