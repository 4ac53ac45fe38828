'use client';
import { LogOut } from 'lucide-react';
import { signOut } from 'next-auth/react';
import { Button } from '#components/ui/button.tsx';

export function SignOut() {
  async function leave() {
    await signOut({ redirect: false }).catch(() => undefined);
    // A full load: nothing of what was on screen stays in memory for whoever signs in next.
    location.assign('/login');
  }
  return (
    <Button look="ghost" size="tiny" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
      <LogOut aria-hidden />
    </Button>
  );
}
