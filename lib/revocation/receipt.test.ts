import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changing, type Database } from '#lib/db/database.ts';
import { testDatabase } from '#lib/db/testing.ts';
import { createLog } from '#lib/log/log.ts';
import { acknowledge, acknowledgeWhatStands } from './acks.ts';
import { revoke } from './mutations.ts';
import { createReceipts, writeReceipts } from './receipt.ts';

let db: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ db, drop } = await testDatabase());
});
afterAll(() => drop());
beforeEach(() => db.sql.query('TRUNCATE revocation CASCADE; TRUNCATE audit_event; DELETE FROM replica'));

const replica = (id: string, beatSecondsAgo = 0) =>
  db.sql.query(`INSERT INTO replica (id, role, host, pid, beat_at) VALUES ($1, 'proxy', 'h', 1, now() - make_interval(secs => $2))`, [
    id,
    beatSecondsAgo,
  ]);
const disabled = () =>
  changing(db, (tx, touch) =>
    revoke(tx, touch, { kind: 'person', personId: 'p-1', reason: 'disabled', evidenceAt: new Date(Date.now() - 300) }),
  );
const cut = (stream: string, personId = 'p-1') => ({
  stream,
  kind: 'exec',
  personId,
  credentialId: 'k-1',
  clusterId: 'cl-1',
  resource: 'pods',
  namespace: 'shop',
  name: 'web',
  reason: 'account-disabled',
  at: new Date().toISOString(),
});
const receipts = async () =>
  (
    await db.sql.query<{ subject_id: string; detail: { latencyMs: number; streamsCut: number; replicas: unknown[] } }>(
      `SELECT subject_id, detail FROM audit_event WHERE event = 'access.cut'`,
    )
  ).rows;

test('the receipt waits for every live proxy, counts what each cut, and is written once', async () => {
  await replica('x-1');
  await replica('x-2');
  const id = await disabled();
  await acknowledge(db, { replicaId: 'x-1', revocationIds: [id], refusedFrom: new Date(), cuts: [cut('a'), cut('b', 'p-other')] });
  expect(await writeReceipts(db)).toBe(0);
  await acknowledge(db, { replicaId: 'x-2', revocationIds: [id], refusedFrom: new Date(), cuts: [cut('c')] });
  await Promise.all([writeReceipts(db), writeReceipts(db)]);
  const [receipt, ...more] = await receipts();
  expect(more).toEqual([]);
  expect(receipt).toMatchObject({ subject_id: 'p-1', detail: { reason: 'disabled', streamsCut: 2 } });
  expect(receipt?.detail.latencyMs).toBeGreaterThanOrEqual(300);
  expect(receipt?.detail.latencyMs).toBeLessThan(5_000);
  expect(receipt?.detail.replicas).toHaveLength(2);
});

test('a proxy whose heartbeat stopped ten seconds ago is not waited for: its lease was over long before', async () => {
  await replica('x-live');
  await replica('x-dead', 11);
  const id = await disabled();
  await acknowledge(db, { replicaId: 'x-live', revocationIds: [id], refusedFrom: new Date(), cuts: [] });
  expect(await writeReceipts(db)).toBe(1);
});

test('a proxy that started after the revocation acknowledges what stands', async () => {
  await disabled();
  await replica('x-new');
  expect(await writeReceipts(db)).toBe(0);
  await acknowledgeWhatStands(db, 'x-new', new Date());
  expect(await writeReceipts(db)).toBe(1);
});

test('the service writes the receipt within a moment of the last acknowledgement', async () => {
  await replica('x-1');
  const service = createReceipts({ db, log: createLog('test') });
  await service.start();
  const id = await disabled();
  service.onChanges([{ seq: 1n, topic: 'revocation', key: id }]);
  await acknowledge(db, { replicaId: 'x-1', revocationIds: [id], refusedFrom: new Date(), cuts: [] });
  await expect.poll(async () => (await receipts()).length, { timeout: 800, interval: 20 }).toBe(1);
  await service.stop();
});
