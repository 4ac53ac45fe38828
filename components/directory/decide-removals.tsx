'use client';
import { RefreshCw } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import type { HeldRemovals } from '#lib/directory/people/schema.ts';

type Props = {
  directoryId: string;
  domain: string;
  held: readonly HeldRemovals[];
  /** Not where a sentinel was not seen: such a read proves nothing, whoever says so. */
  mayApprove: boolean;
};

export function DecideRemovals({ directoryId, domain, held, mayApprove }: Props) {
  const router = useRouter();
  const { call, busy } = useCall();
  const what = held.map(({ what, removals }) => `${removals.toLocaleString('en')} ${what}`).join(' and ');
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        disabled={busy}
        onClick={async () => {
          if (await call('POST', `/directories/${directoryId}/read`, {})) toast.success('The directory is being read again.');
          else toast.error('That could not be asked for. Try again.');
          router.refresh();
        }}
      >
        <RefreshCw aria-hidden /> Read again
      </Button>
      {mayApprove ? (
        <ConfirmCall
          trigger="These removals are meant"
          title={`Remove ${what}?`}
          act="Remove them"
          method="POST"
          path={`/directories/${directoryId}/approve-removals`}
          body={() => ({})}
          done={() => 'The removals are being carried out.'}
        >
          {domain} is read once more, and whatever is still missing then is taken for gone: those people are signed out everywhere, their
          open streams are cut and their credentials refused, after 7 days for good. If the sync account merely lost the right to read, give
          it back and read again instead.
        </ConfirmCall>
      ) : null}
    </div>
  );
}
