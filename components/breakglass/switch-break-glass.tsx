'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import { counted } from '#components/ui/count.ts';

export function SwitchBreakGlass({ isOn, sessions }: { isOn: boolean; sessions: number }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger={isOn ? 'Switch off' : 'Switch on'}
      size="small"
      look={isOn ? 'danger' : 'plain'}
      title={isOn ? 'Switch break-glass off?' : 'Switch break-glass on?'}
      act={isOn ? 'Switch it off' : 'Switch it on'}
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call<{ sessionsEnded: number }>('PUT', '/break-glass', { on: !isOn });
        if (!done) return false;
        toast.success(isOn ? `Switched off; ${counted(done.sessionsEnded, 'session')} ended.` : 'Switched on.');
        router.refresh();
        return true;
      }}
    >
      {isOn
        ? `No account lets anybody in from then on, ${sessions === 0 ? 'no session is open' : `${counted(sessions, 'open session')} end`}, and while the directory cannot be reached nobody can administer this platform. It can only be switched on again by somebody whom the directory lets in.`
        : 'The accounts below let in again whoever has their password and authenticator.'}
    </Confirm>
  );
}
