'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';

export function EndSession({ id }: { id: string }) {
  const router = useRouter();
  const { call, busy } = useCall();
  return (
    <Button
      look="link"
      size="small"
      disabled={busy}
      onClick={async () => {
        const done = await call('DELETE', `/me/sessions/${id}`);
        if (!done) toast.error('It could not be ended. Try again.');
        router.refresh();
      }}
    >
      Sign out there
    </Button>
  );
}
