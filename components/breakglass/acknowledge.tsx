'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';

export function Acknowledge({ id, label }: { id: string; label: string }) {
  const router = useRouter();
  const { call, busy } = useCall();
  return (
    <Button
      size="small"
      disabled={busy}
      aria-label={label}
      onClick={async () => {
        if (!(await call('POST', `/break-glass/alerts/${id}/acknowledge`, {}))) toast.error('It could not be acknowledged. Try again.');
        router.refresh();
      }}
    >
      Acknowledge
    </Button>
  );
}
