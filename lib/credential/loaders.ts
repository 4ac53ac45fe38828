import { z } from 'zod';
import type { PortalContext } from '#lib/api/context.ts';
import { operation } from '#lib/api/operation.ts';
import { replicas } from '#lib/revocation/data.ts';
import { openStreams } from '#lib/revocation/views.ts';
import { credentialsOf, readIdleDays } from './data.ts';
import { credentialListOutput, type credentialOutput, personCredentialsInput } from './schema.ts';

type Row = Awaited<ReturnType<typeof credentialsOf>>[number];

const dayMs = 24 * 60 * 60_000;

export const listCredentials = operation({
  id: 'credentials.list',
  method: 'GET',
  path: '/credentials',
  summary: 'One’s own kubeconfigs and API tokens, newest first',
  allow: 'person',
  ofPerson: true,
  input: z.object({}),
  output: credentialListOutput,
  run: (context, viewer) => listed(context, viewer.person.id),
});

export const listCredentialsOfPerson = operation({
  id: 'people.credentials',
  method: 'GET',
  path: '/people/{personId}/credentials',
  summary: 'A person’s kubeconfigs and API tokens, newest first',
  allow: 'auditor',
  input: personCredentialsInput,
  output: credentialListOutput,
  run: (context, _viewer, { personId }) => listed(context, personId),
});

export const operations = [listCredentials, listCredentialsOfPerson];

async function listed({ db, world, now }: PortalContext, personId: string): Promise<z.input<typeof credentialListOutput>> {
  const [rows, idleDays, doors] = await Promise.all([credentialsOf(db.prisma, personId), readIdleDays(db), replicas(db)]);
  const held = openStreams(world, doors);
  return {
    credentials: rows.map((row) => shown(row, idleDays, held.filter(({ credentialId }) => credentialId === row.id).length, now)),
  };
}

function shown(row: Row, idleDays: number | null, streams: number, now: Date): z.input<typeof credentialOutput> {
  return {
    id: row.id,
    kind: row.kind === 'api' ? 'api' : 'kubeconfig',
    name: row.name,
    readOnly: row.readOnly,
    // The table holds no empty list: empty is how Prisma reads that there is none.
    clusterIds: row.clusterIds.length > 0 ? row.clusterIds : null,
    namespaces: row.namespaces.length > 0 ? row.namespaces : null,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    idleEndsAt: idleEnd(row, idleDays),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    lastUsedAddress: row.lastUsedAddress,
    lastUsedClient: row.lastUsedClient,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    revokeReason: row.revokeReason,
    openStreams: streams,
    state: stateOf(row, now),
  };
}

/** Only where it comes before the expiry: two dates of which one can never come would confuse. */
function idleEnd({ lastUsedAt, createdAt, expiresAt }: Row, idleDays: number | null): string | null {
  if (idleDays === null) return null;
  const at = new Date((lastUsedAt ?? createdAt).getTime() + idleDays * dayMs);
  return at < expiresAt ? at.toISOString() : null;
}

function stateOf(row: Row, now: Date): 'living' | 'renewed' | 'expired' | 'revoked' {
  if (row.successorId) return 'renewed';
  if (row.revokedAt) return 'revoked';
  return row.expiresAt <= now ? 'expired' : 'living';
}
