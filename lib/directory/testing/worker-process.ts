/** For tests alone: the directory room as a process of its own, so that it can be killed or held still in the middle of something. */
import { text } from 'node:stream/consumers';
import { openingKeyFromPem, sealingKeyFromPem } from '#lib/config/keys.ts';
import { openDatabase } from '#lib/db/database.ts';
import { createLog } from '#lib/log/log.ts';
import { createDirectoryService } from '../service.ts';

const { databaseUrl, openingKeyPem, sealingKeyPem, workerId } = JSON.parse(await text(process.stdin)) as Record<string, string>;
if (!databaseUrl || !openingKeyPem || !sealingKeyPem || !workerId) throw new Error('this worker was not told what it needs');
const service = createDirectoryService({
  db: openDatabase(databaseUrl),
  openingKey: openingKeyFromPem(openingKeyPem),
  sealingKey: sealingKeyFromPem(sealingKeyPem),
  log: createLog(workerId),
  workerId,
});
await service.start();
process.stdout.write('ready\n');
