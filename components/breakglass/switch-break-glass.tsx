'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';

export function SwitchBreakGlass({ isOn, sessions }: { isOn: boolean; sessions: number }) {
  return (
    <ConfirmCall
      trigger={isOn ? 'Switch off' : 'Switch on'}
      size="small"
      look={isOn ? 'danger' : 'plain'}
      title={isOn ? 'Switch break-glass off?' : 'Switch break-glass on?'}
      act={isOn ? 'Switch it off' : 'Switch it on'}
      method="PUT"
      path="/break-glass"
      body={() => ({ on: !isOn })}
      done={(done: { sessionsEnded: number }) => (isOn ? `Switched off; ${counted(done.sessionsEnded, 'session')} ended.` : 'Switched on.')}
    >
      {isOn
        ? `No account lets anybody in from then on, ${sessions === 0 ? 'no session is open' : `${counted(sessions, 'open session')} end`}, and while the directory cannot be reached nobody can administer this platform. It can only be switched on again by somebody whom the directory lets in.`
        : 'The accounts below let in again whoever has their password and authenticator.'}
    </ConfirmCall>
  );
}
