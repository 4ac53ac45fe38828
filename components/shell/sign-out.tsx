'use client';
import { LogOut } from 'lucide-react';
import { signOut } from 'next-auth/react';
import { callApi } from '#components/api/client.ts';
import { Button } from '#components/ui/button.tsx';
import type { Me } from '#lib/session/schema.ts';

export function SignOut({ via }: { via: Me['via'] }) {
  async function leave() {
    const left = via === 'break-glass' ? callApi('DELETE', '/break-glass/session', {}) : signOut({ redirect: false });
    await left.catch(() => undefined);
    // A full load: nothing of what was on screen stays in memory for whoever signs in next.
    location.assign('/login');
  }
  return (
    <Button look="ghost" size="tiny" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
      <LogOut aria-hidden />
    </Button>
  );
}
