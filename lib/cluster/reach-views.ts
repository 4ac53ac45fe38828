// How a cluster is reached, as the API shows it.
import type { Cluster, ClusterHealth } from '#lib/db/generated/client.ts';
import { authoritiesIn } from './authorities.ts';
import { endingSoon } from './ending.ts';
import type { ServerCertificate } from './schema.ts';

/** How it is reached: each authority beside the certificate that the worker saw last, and what of these ends soon. */
export function reachViewOf(row: Pick<Cluster, 'caPem' | 'proxyUrl' | 'serverName'>, health: ClusterHealth | null, now: Date) {
  const authorities = authoritiesIn(row.caPem);
  const certificate = health?.certificate ? (health.certificate as ServerCertificate) : null;
  return {
    serverName: row.serverName,
    proxyUrl: row.proxyUrl,
    caFingerprint: authorities[0]?.fingerprint ?? 'not readable',
    authorities: authorities.map((authority) => ({
      ...authority,
      inUse: certificate ? certificate.authority === authority.fingerprint : null,
    })),
    health: {
      reachable: health ? health.failures === 0 : null,
      lookedAt: health?.lookedAt ?? null,
      reachedAt: health?.reachedAt ?? null,
      latencyMs: health?.latencyMs ?? null,
      failures: health?.failures ?? 0,
      nextTryAt: health?.nextTryAt ?? null,
      message: health?.message ?? null,
      strangerUid: health?.strangerUid ?? null,
      certificate,
      certificateAt: health?.certificateAt ?? null,
    },
    warnings: endingSoon(authorities, certificate, now),
  };
}
