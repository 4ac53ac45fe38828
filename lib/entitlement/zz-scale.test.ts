import { expect, it } from 'vitest';
import { testDatabase } from '#lib/db/testing.ts';
import { changing } from '#lib/db/database.ts';
import { loadWorld } from './world.ts';
it('scale', async () => {
  const t = await testDatabase();
  const q = (s: string) => t.db.sql.query(s);
  await q(`INSERT INTO forest (id, name) VALUES ('f', 'x'); INSERT INTO directory (id, forest_id, domain, base_dn, settings) VALUES ('d','f','x','DC=x','{}');`);
  await q(`INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
    SELECT 'p-abcdefgh' || i, 'f','d', gen_random_uuid(), 'CN=u'||i||',OU=people,DC=corp,DC=example', 'u'||i, 'u'||i||'@corp.example', 'gatehouse:u'||i||'@corp.example', 'User Number '||i, 512, 'enabled' FROM generate_series(1,100000) i`);
  await q(`INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
    SELECT 'g-abcdefgh'||i,'f','d',gen_random_uuid(),'CN=g'||i,'g'||i,'g'||i,-2147483646,true FROM generate_series(1,12000) i`);
  await q(`INSERT INTO membership (group_id, member_id) SELECT 'g-abcdefgh'||(1+(i*7919+k*104729)%12000), 'p-abcdefgh'||i FROM generate_series(1,100000) i, generate_series(1,15) k ON CONFLICT DO NOTHING`);
  const rss = () => { (globalThis as any).gc?.(); return Math.round(process.memoryUsage().rss / 1e6); };
  const m0 = rss(); let t0 = performance.now();
  const w = await loadWorld(t.db);
  console.log('load ms', Math.round(performance.now() - t0), 'rss', m0, rss());
  await q(`UPDATE person SET state='disabled', user_account_control=514 WHERE id='p-abcdefgh77'`);
  await changing(t.db, async (_t, touch) => touch('person', 'p-abcdefgh77'));
  t0 = performance.now();
  await w.apply([{ seq: 1n, topic: 'person', key: 'p-abcdefgh77' }], t.db);
  console.log('apply one ms', (performance.now() - t0).toFixed(1), w.standing('p-abcdefgh77', new Date()));
  t0 = performance.now();
  await w.apply([{ seq: 2n, topic: 'membership', key: 'g-abcdefgh5' }], t.db);
  console.log('apply membership ms', (performance.now() - t0).toFixed(1));
  let worst = 0, last = performance.now(); const timer = setInterval(() => { const n = performance.now(); worst = Math.max(worst, n - last); last = n; }, 5);
  t0 = performance.now();
  await w.apply([{ seq: 3n, topic: 'directory', key: 'd' }], t.db);
  clearInterval(timer);
  console.log('takeover ms', Math.round(performance.now() - t0), 'worst pause', Math.round(worst), 'rss', rss());
  expect(w.groupsOf('p-abcdefgh5').size).toBeGreaterThan(5);
  await t.drop();
}, 300000);
