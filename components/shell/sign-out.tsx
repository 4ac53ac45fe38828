'use client';
import { LogOut } from 'lucide-react';
import { signOut } from 'next-auth/react';
import { Button } from '#components/ui/button.tsx';

export function SignOut() {
  return (
    <Button look="ghost" size="tiny" aria-label="Sign out" title="Sign out" onClick={() => void signOut({ callbackUrl: '/login' })}>
      <LogOut aria-hidden />
    </Button>
  );
}
