/** Credentials for tests, issued as the portal issues them, and looked at as the table holds them. */
import type { TestPortal } from '#lib/api/testing.ts';
import { catchUp } from '#lib/session/portal.ts';
import type { Issue, Issued } from './issue.ts';
import { issueKubeconfig } from './testing-issue.ts';

export async function issued({ portal, ids }: TestPortal, asked: Partial<Issue> = {}): Promise<Issued> {
  const alice = { id: ids.alice, name: 'alice@corp.example' };
  const made = await issueKubeconfig(portal.db, portal.hashKey, alice, { days: 30, ...asked });
  await catchUp(portal);
  return made;
}

export function rowOf({ portal }: TestPortal, id: string) {
  return portal.db.prisma.credential.findUniqueOrThrow({ where: { id } });
}

/** What the audit log says of a credential, in its order. */
export async function auditOf({ portal }: TestPortal, id: string): Promise<{ event: string; detail: Record<string, unknown> }[]> {
  const { rows } = await portal.db.sql.query<{ event: string; detail: Record<string, unknown> }>(
    `SELECT event, detail FROM audit_event WHERE subject_kind = 'credential' AND subject_id = $1 ORDER BY at, id`,
    [id],
  );
  return rows;
}
