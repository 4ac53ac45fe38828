'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { Grant } from '#lib/entitlement/schema.ts';

export function EndGrant({ grant }: { grant: Grant }) {
  const { subject, role, scope } = grant;
  const who = subject.kind === 'group' ? `${subject.people.toLocaleString('en')} people of ${subject.name}` : subject.name;
  return (
    <ConfirmCall
      trigger="End"
      look="link"
      size="small"
      title={`End ${role.title} for ${subject.name}?`}
      act="End it now"
      reason="Why"
      method="DELETE"
      path={`/grants/${grant.id}`}
      body={(reason) => ({ reason })}
      done={() => `${who}: ${role.title} on ${scope.words} is over.`}
    >
      From the next request on, {who} may no longer do what {role.title} permits on {scope.words}, unless another grant says so. What they
      hold open and may no longer do is cut. To undo it, grant it again.
    </ConfirmCall>
  );
}
