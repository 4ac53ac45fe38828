'use client';
import { useEffect, useState } from 'react';
import { callApi } from '#components/api/client.ts';
import { Status } from '#components/ui/status.tsx';

type Seen = { id: string; lastUsedAt: string | null; lastUsedAddress: string | null; lastUsedClient: string | null };

/** Waits for the door to see the new kubeconfig: the proof that it works, without asking anybody to trust us. */
export function FirstUse({ credentialId }: { credentialId: string }) {
  const [seen, setSeen] = useState<Seen | null>(null);
  useEffect(() => {
    if (seen) return;
    const timer = setInterval(async () => {
      if (document.visibilityState !== 'visible') return;
      const answer = await callApi<{ credentials: Seen[] }>('GET', '/credentials').catch(() => null);
      const found = answer?.credentials.find(({ id, lastUsedAt }) => id === credentialId && lastUsedAt);
      if (found) setSeen(found);
    }, 2_500);
    return () => clearInterval(timer);
  }, [credentialId, seen]);
  return (
    <p role="status">
      {seen ? (
        <Status tone="ok">
          It works: used from {seen.lastUsedAddress ?? 'somewhere'} by {seen.lastUsedClient?.split(' ')[0] ?? 'a client'}.
        </Status>
      ) : (
        <Status tone="wait">Waiting for its first use. This turns green by itself.</Status>
      )}
    </p>
  );
}
