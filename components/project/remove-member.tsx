'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { ProjectMember } from '#lib/project/schema.ts';

export function RemoveMember({ member: { grantId, subject, role }, title }: { member: ProjectMember; title: string }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="End"
      look="link"
      size="small"
      title={`End ${role.title} of ${subject.name} in ${title}?`}
      act="End the grant"
      reason="Why"
      busy={busy}
      problem={problem}
      onConfirm={async (reason) => {
        const done = await call('DELETE', `/grants/${grantId}`, { reason });
        if (!done) return false;
        toast.success(`${subject.name} no longer has ${role.title} here.`);
        router.refresh();
        return true;
      }}
    >
      {subject.people === 0
        ? 'Nobody is in it now, so nobody loses anything today; whoever joins it later no longer gets this.'
        : `${subject.people === 1 ? '1 person loses' : `${subject.people.toLocaleString('en')} people lose`} ${role.title} in every namespace of this project at once, unless another grant gives it to them. Streams that rest on it are cut.`}
    </Confirm>
  );
}
