import { operation } from '#lib/api/operation.ts';
import { fault } from '#lib/errors/fault.ts';
import { domainOf, listSyncs, oneSync } from './data.ts';
import { syncInput, syncOutput, syncsInput, syncsOutput } from './schema.ts';

export const directoriesSyncs = operation({
  id: 'directories.syncs',
  method: 'GET',
  path: '/directories/{id}/syncs',
  summary: 'What each complete read brought, and the changes of each day, newest first; kept for 90 days',
  allow: 'auditor',
  input: syncsInput,
  output: syncsOutput,
  async run({ db }, _viewer, { id, kind, offset, limit }) {
    const domain = await domainOf(db, id);
    if (domain === null) throw fault('not-found', 'directory.unknown', 'This directory is not known here.');
    return { domain, ...(await listSyncs(db, { directoryId: id, kind, offset, limit })), offset, limit };
  },
});

export const directoriesSync = operation({
  id: 'directories.sync',
  method: 'GET',
  path: '/directories/{id}/syncs/{syncId}',
  summary: 'One entry of the history; what changed for whom stands in the audit log between its beginning and its end',
  allow: 'auditor',
  input: syncInput,
  output: syncOutput,
  async run({ db }, _viewer, { id, syncId }) {
    const [domain, row] = await Promise.all([domainOf(db, id), oneSync(db, id, syncId)]);
    if (domain === null || !row) throw fault('not-found', 'directory.no-sync', 'There is no such entry; they are kept for 90 days.');
    return { directoryId: id, domain, ...row };
  },
});

export const operations = [directoriesSyncs, directoriesSync];
