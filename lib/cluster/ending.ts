// Certificates that end soon, said early enough to act on. Pure.
import type { Authority } from './authorities.ts';
import type { ServerCertificate } from './schema.ts';

export const warnDays = 30;
const dayMs = 86_400_000;

/** The server's own certificate, and each authority: one that is not in use may simply be taken out. */
export function endingSoon(authorities: readonly Authority[], certificate: ServerCertificate | null, now: Date): string[] {
  const sentences: string[] = [];
  if (certificate && isNear(new Date(certificate.notAfter), now))
    sentences.push(`The certificate of the API server ${when(new Date(certificate.notAfter), now)}. Renew it in the cluster.`);
  for (const { subject, fingerprint, notAfter } of authorities) {
    if (!isNear(notAfter, now)) continue;
    const inUse = certificate?.authority === fingerprint;
    sentences.push(
      `The certificate authority ${subject || fingerprint.slice(0, 11)} ${when(notAfter, now)}. ${inUse ? 'The API server’s certificate comes from it: add the new authority before the cluster changes to it.' : 'The API server’s certificate does not come from it: it can be taken out.'}`,
    );
  }
  return sentences;
}

function isNear(end: Date, now: Date): boolean {
  return end.getTime() - now.getTime() < warnDays * dayMs;
}

function when(end: Date, now: Date): string {
  const days = Math.floor((end.getTime() - now.getTime()) / dayMs);
  if (end <= now) return `ended on ${end.toISOString().slice(0, 10)}`;
  return days === 0 ? 'ends today' : `ends in ${days} ${days === 1 ? 'day' : 'days'}`;
}
