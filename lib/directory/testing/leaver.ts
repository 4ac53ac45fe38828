/**
 * Somebody who is about to leave, with everything that a person can hold open: a watch through the door, a credential that asks again and
 * again, a portal session. From the moment it is watched it is noted when each of them ended, and whether any of them ever came back.
 */
import { Agent, get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueKubeconfig } from '#lib/credential/testing-issue.ts';
import { changing } from '#lib/db/database.ts';
import { openRaw, type RawClient } from '#lib/proxy/testing/raw-client.ts';
import { startSession } from '#lib/session/mutations.ts';
import type { Company } from './company.ts';
import { eventually } from './eventually.ts';

/** When it was over, by performance.now; null while it is not. */
export interface Endings {
  stream: number | null;
  credential: number | null;
  session: number | null;
}

export interface Leaver {
  readonly id: string;
  readonly login: string;
  readonly endings: Endings;
  /** How the credential was refused. */
  readonly refusedWith: number | null;
  /** What was let in again after it had ended. */
  readonly cameBack: readonly string[];
  /** Stops looking and lets go. */
  leave(): Promise<void>;
}

const askEveryMs = 100;
const path = '/clusters/east/api/v1/namespaces/shop/pods';

export async function letIn(company: Company, login: string): Promise<Leaver> {
  const { db, place, door } = company;
  const { id, name } = await personCalled(company, login);
  const token = await tokenOf(company, id, name);
  const { secret } = await changing(db, (tx, touch) =>
    startSession(tx, touch, { hashKey: place.hashKey, person: { id, name }, address: null, userAgent: 'test' }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: place.caPem, servername: 'localhost' });
  await eventually(async () => (await statusOf(door.url, agent, token)) === 200, 30_000);
  await eventually(() => company.knowsSession(secret), 30_000);
  const watch = await openWatch(company, token);

  const endings: Endings = { stream: null, credential: null, session: null };
  const cameBack: string[] = [];
  let refusedWith: number | null = null;
  let looking = true;
  void watch.ended(3_600_000).catch(() => {});
  for (const event of ['close', 'end'] as const) watch.socket.once(event, () => noteStreamEnd());
  watch.socket.on('data', () => {
    if (watch.text().endsWith('\r\n0\r\n\r\n')) noteStreamEnd();
  });
  function noteStreamEnd(): void {
    endings.stream ??= performance.now();
  }

  async function lookOn(what: 'credential' | 'session', isLetIn: () => Promise<boolean | null>): Promise<void> {
    while (looking) {
      const isIn = await isLetIn().catch(() => null);
      if (isIn === false) endings[what] ??= performance.now();
      if (isIn === true && endings[what] !== null) cameBack.push(what);
      await sleep(askEveryMs);
    }
  }
  const looks = [
    lookOn('credential', async () => {
      const status = await statusOf(door.url, agent, token);
      if (status === 401 || status === 403) refusedWith ??= status;
      // Any other answer tells that the door is not able to say, and is no access either.
      return status === 200 ? true : status === 401 || status === 403 ? false : null;
    }),
    lookOn('session', () => company.knowsSession(secret)),
  ];

  return {
    id,
    login,
    endings,
    get refusedWith() {
      return refusedWith;
    },
    cameBack,
    async leave() {
      looking = false;
      await Promise.all(looks);
      watch.destroy();
      agent.destroy();
    },
  };
}

/** What a person who came under somebody's names is let do with a credential made for them. */
export async function statusOfNewcomer(company: Company, id: string): Promise<number> {
  const token = await tokenOf(company, id, 'newcomer');
  const agent = new Agent({ ca: company.place.caPem, servername: 'localhost' });
  const { found } = await eventually(async () => {
    const status = await statusOf(company.door.url, agent, token);
    return status !== 401 && status;
  }, 30_000);
  agent.destroy();
  return found;
}

export async function personCalled({ db }: Company, login: string): Promise<{ id: string; name: string; dn: string }> {
  const { rows } = await db.sql.query<{ id: string; name: string; dn: string }>(
    'SELECT id, display_name AS name, dn FROM person WHERE lower(sam_account_name) = $1 AND deleted_at IS NULL',
    [login.toLowerCase()],
  );
  if (!rows[0]) throw new Error(`no person ${login}`);
  return rows[0];
}

async function tokenOf({ db, place }: Company, id: string, name: string): Promise<string> {
  const { token } = await issueKubeconfig(db, place.hashKey, { id, name });
  return token;
}

async function openWatch({ place, door }: Company, token: string): Promise<RawClient> {
  const watch = await openRaw(door.url, place.caPem);
  watch.send([`GET ${path}?watch=1 HTTP/1.1`, 'Host: door', `Authorization: Bearer ${token}`]);
  await watch.until(/ADDED/, 30_000);
  return watch;
}

/** 0 where nobody answers. */
function statusOf(url: string, agent: Agent, token: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = get(`${url}${path}`, { agent, headers: { authorization: `Bearer ${token}` }, timeout: 5_000 }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
  });
}
