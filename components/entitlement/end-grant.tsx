'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { Grant } from '#lib/entitlement/schema.ts';

export function EndGrant({ grant }: { grant: Grant }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  const { subject, role, scope } = grant;
  const who = subject.kind === 'group' ? `${subject.people.toLocaleString('en')} people of ${subject.name}` : subject.name;
  return (
    <Confirm
      trigger="End"
      look="link"
      size="small"
      title={`End ${role.title} for ${subject.name}?`}
      act="End it now"
      reason="Why"
      busy={busy}
      problem={problem}
      onConfirm={async (reason) => {
        if (!(await call('DELETE', `/grants/${grant.id}?reason=${encodeURIComponent(reason)}`))) return false;
        toast.success(`${who}: ${role.title} on ${scope.words} is over.`);
        router.refresh();
        return true;
      }}
    >
      From the next request on, {who} may no longer do what {role.title} permits on {scope.words}, unless another grant says so. What they
      hold open and may no longer do is cut. To undo it, grant it again.
    </Confirm>
  );
}
