/** A domain controller that shows tombstones, and not all of them: whoever could act is missed all the same. */
import { afterEach, expect, it } from 'vitest';
import { requireDirectory } from '../data.ts';
import { openConnection } from '../ldap/connection.ts';
import { readIdentity } from '../ldap/domain.ts';
import { eventually } from '../testing/eventually.ts';
import { domainUsers, guid, person, type ScriptedScene, scriptedDomain, scriptedScene, syncDn } from '../testing/scripted-domain.ts';
import { findSilentDeletions } from './deletions.ts';
import { openStance } from './stance.ts';

let scene: ScriptedScene;
afterEach(() => scene?.close());

/** More than are looked for at once. */
const staff = Array.from({ length: 210 }, (_, n) => n + 1);

it('a deletion that nobody tells of is found with those who could act, a few at a time, and not looked for again at once (SECURITY 40)', async () => {
  const domain = scriptedDomain([domainUsers(), ...staff.map((n) => person(n, `u${n}`))]);
  scene = await scriptedScene(domain);
  const { db, directoryId } = scene;
  await scene.service.start();
  await eventually(async () => (await db.sql.query(`SELECT 1 FROM directory WHERE state = 'following'`)).rowCount, 30_000);
  await scene.service.stop();
  // All but the last hold a session.
  await db.sql.query(
    `INSERT INTO portal_session (id, person_id, secret_hash, expires_at)
     SELECT 's-' || id, id, convert_to(id, 'UTF8'), now() + interval '1 hour' FROM person WHERE sam_account_name <> 'u210'`,
  );
  domain.objects = domain.objects.filter((one) => ![guid(7), guid(209), guid(210)].includes(one.guid));

  const endpoint = scene.servers[0]?.endpoint;
  if (!endpoint) throw new Error('no server');
  const connection = await openConnection(endpoint);
  await connection.bind(syncDn, 'sync-secret');
  const directory = await requireDirectory(db, directoryId);
  const identity = await readIdentity(connection);
  const stance = openStance({ identity, leads: true, mode: 'dirsync-with-tombstones', cookie: null, usn: 100n, fullReadAt: new Date() });
  const look = () => findSilentDeletions(db, connection, directory, stance);
  expect(await look()).toEqual([]);
  stance.usn = 101n;
  const [some, others] = [await look(), await look()];
  expect([...some, ...others].map(({ objectGuid, evidence }) => `${objectGuid} ${evidence}`).toSorted()).toEqual(
    [guid(7), guid(209)].map((one) => `${one} not-found`).toSorted(),
  );
  expect(stance.silentCheck.waiting).toEqual([]);
  stance.usn = 102n;
  expect(await look()).toEqual([]);
  connection.close();
}, 60_000);
