'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';
import type { BreakGlass } from '#lib/breakglass/schema.ts';

type Props = { account: BreakGlass['accounts'][number]; left: number; needed: number };

export function EndAccount({ account: { id, name, sessions }, left, needed }: Props) {
  return (
    <ConfirmCall
      trigger="End"
      look="link"
      size="small"
      title={`End ${name} for good?`}
      act="End it"
      reason="Why"
      method="DELETE"
      path={`/break-glass/accounts/${id}`}
      body={(reason) => ({ reason })}
      done={(ended: { sessionsEnded: number }) => `${name} is ended, with ${counted(ended.sessionsEnded, 'session')}.`}
    >
      It lets nobody in any more, at once and for good{sessions > 0 ? `, and ${counted(sessions, 'session')} by it end now` : ''}.
      {left < needed ? ` Only ${left} of the ${needed} accounts that an emergency needs ${left === 1 ? 'is' : 'are'} left then.` : ''}
    </ConfirmCall>
  );
}
