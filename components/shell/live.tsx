'use client';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';

/** Keeps a page true while somebody looks at it: reads it again every few seconds, and at once on return to the tab. */
export function Live({ seconds = 4 }: { seconds?: number }) {
  const router = useRouter();
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') router.refresh();
    };
    const timer = setInterval(look, seconds * 1000);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [router, seconds]);
  return null;
}
