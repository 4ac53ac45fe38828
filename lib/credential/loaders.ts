import { z } from 'zod';
import { operation } from '#lib/api/operation.ts';
import { credentialsOf } from './data.ts';
import { credentialListOutput, type credentialOutput, personCredentialsInput } from './schema.ts';

type Row = Awaited<ReturnType<typeof credentialsOf>>[number];

export const listCredentials = operation({
  id: 'credentials.list',
  method: 'GET',
  path: '/credentials',
  summary: 'One’s own kubeconfigs and API tokens, newest first',
  allow: 'person',
  input: z.object({}),
  output: credentialListOutput,
  async run({ db, world, now }, viewer) {
    const rows = await credentialsOf(db.prisma, viewer.person.id);
    return { credentials: rows.map((row) => shown(row, narrowedTo(world, row.id), now)) };
  },
});

export const listCredentialsOfPerson = operation({
  id: 'people.credentials',
  method: 'GET',
  path: '/people/{personId}/credentials',
  summary: 'A person’s kubeconfigs and API tokens, newest first',
  allow: 'auditor',
  input: personCredentialsInput,
  output: credentialListOutput,
  async run({ db, world, now }, _viewer, { personId }) {
    const rows = await credentialsOf(db.prisma, personId);
    return { credentials: rows.map((row) => shown(row, narrowedTo(world, row.id), now)) };
  },
});

export const operations = [listCredentials, listCredentialsOfPerson];

/** The world knows no list from an empty one; Prisma does not. */
function narrowedTo(world: { credential(id: string): { clusterIds: readonly string[] | null } | undefined }, id: string): string[] | null {
  const clusterIds = world.credential(id)?.clusterIds;
  return clusterIds ? [...clusterIds] : null;
}

function shown(row: Row, clusterIds: string[] | null, now: Date): z.input<typeof credentialOutput> {
  return {
    id: row.id,
    kind: row.kind === 'api' ? 'api' : 'kubeconfig',
    name: row.name,
    readOnly: row.readOnly,
    clusterIds: clusterIds ?? (row.clusterIds.length > 0 ? row.clusterIds : null),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    lastUsedAddress: row.lastUsedAddress,
    lastUsedClient: row.lastUsedClient,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    revokeReason: row.revokeReason,
    state: stateOf(row, now),
  };
}

function stateOf(row: Row, now: Date): 'living' | 'renewed' | 'expired' | 'revoked' {
  if (row.revokedAt) return row.successorId ? 'renewed' : 'revoked';
  if (row.expiresAt <= now) return row.successorId ? 'renewed' : 'expired';
  return row.successorId ? 'renewed' : 'living';
}
