'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import { counted } from '#components/ui/count.ts';
import type { BreakGlass } from '#lib/breakglass/schema.ts';

type Props = { account: BreakGlass['accounts'][number]; left: number; needed: number };

export function EndAccount({ account: { id, name, sessions }, left, needed }: Props) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="End"
      look="link"
      size="small"
      title={`End ${name} for good?`}
      act="End it"
      reason="Why"
      busy={busy}
      problem={problem}
      onConfirm={async (reason) => {
        const ended = await call<{ sessionsEnded: number }>('DELETE', `/break-glass/accounts/${id}`, { reason });
        if (!ended) return false;
        toast.success(`${name} is ended, with ${counted(ended.sessionsEnded, 'session')}.`);
        router.refresh();
        return true;
      }}
    >
      It lets nobody in any more, at once and for good{sessions > 0 ? `, and ${counted(sessions, 'session')} by it end now` : ''}.
      {left < needed ? ` Only ${left} of the ${needed} accounts that an emergency needs ${left === 1 ? 'is' : 'are'} left then.` : ''}
    </Confirm>
  );
}
