// What an API server shows of itself, read by a connection of its own: one that is kept open still shows the certificate of its first day.
import type { DetailedPeerCertificate } from 'node:tls';
import { errorFromConnection } from './cluster-error.ts';
import type { ServerCertificate } from './schema.ts';
import { type ClusterAddress, connectToCluster } from './way.ts';

const timeoutMs = 10_000;
const chainMax = 10;

export async function readServerCertificate(address: ClusterAddress): Promise<ServerCertificate> {
  const socket = await connectToCluster(address, { timeoutMs }).catch((error: unknown) => {
    throw errorFromConnection(error);
  });
  try {
    const shown = socket.getPeerCertificate(true);
    return {
      subject: commonName(shown.subject),
      issuer: commonName(shown.issuer),
      fingerprint: shown.fingerprint256,
      notAfter: new Date(shown.valid_to).toISOString(),
      authority: anchorOf(shown).fingerprint256,
    };
  } finally {
    socket.destroy();
  }
}

/** The top of the chain that was verified, which is one of the pinned authorities. */
function anchorOf(shown: DetailedPeerCertificate): DetailedPeerCertificate {
  let at = shown;
  for (let depth = 0; depth < chainMax && at.issuerCertificate && at.issuerCertificate.fingerprint256 !== at.fingerprint256; depth += 1)
    at = at.issuerCertificate;
  return at;
}

function commonName(name: Record<string, string | string[] | undefined> | undefined): string {
  const [first] = [name?.CN ?? name?.O ?? ''].flat();
  return (first ?? '').slice(0, 200);
}
