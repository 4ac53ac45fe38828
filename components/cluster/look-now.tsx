'use client';
import { RefreshCw } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';

export function LookNow({ id }: { id: string }) {
  const router = useRouter();
  const { call, busy } = useCall();
  return (
    <Button
      disabled={busy}
      onClick={async () => {
        if (await call('POST', `/clusters/${id}/reconcile`, {})) toast.success('The cluster is being looked at.');
        else toast.error('That could not be asked for. Try again.');
        router.refresh();
      }}
    >
      <RefreshCw aria-hidden /> Look now
    </Button>
  );
}
