'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import { counted } from '#components/ui/count.ts';
import type { DirectoryView } from '#lib/directory/people/schema.ts';

export function DisconnectDirectory({ directory }: { directory: DirectoryView }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Disconnect"
      title={`Disconnect ${directory.domain}?`}
      act="Disconnect"
      reason={`Type ${directory.domain} to confirm`}
      busy={busy}
      problem={problem}
      onConfirm={async (domain) => {
        const done = await call<{ people: number }>('POST', `/directories/${directory.id}/disconnect`, { domain });
        if (!done) return false;
        toast.success(`${directory.domain} is disconnected: ${counted(done.people, 'person is', 'people are')} nobody here any more.`);
        router.refresh();
        return true;
      }}
    >
      {counted(directory.people, 'person is', 'people are')} nobody here from that moment on: their sessions end, their credentials are
      refused for good, their streams are cut, and grants to {counted(directory.groups, 'group')} give nothing. Nothing is changed in the
      directory. Connected again, the same people come back, and sign in anew.
    </Confirm>
  );
}
