/** The API server's own audit log: the one witness that is not ours. */
import { readFile } from 'node:fs/promises';
import type { DemoCluster } from '#e2e/scene/contract.ts';

export interface AuditLine {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string; readonly uid?: string; readonly groups?: readonly string[] };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stage: string;
}

export async function auditLines(cluster: DemoCluster): Promise<AuditLine[]> {
  const text = await readFile(cluster.auditLog, 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as AuditLine);
}

export async function requestsOf(cluster: DemoCluster, wireName: string): Promise<AuditLine[]> {
  return (await auditLines(cluster)).filter((line) => line.impersonatedUser?.username === wireName);
}
