'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { ProjectMember } from '#lib/project/schema.ts';

export function RemoveMember({ member: { grantId, subject, role }, title }: { member: ProjectMember; title: string }) {
  return (
    <ConfirmCall
      trigger="End"
      look="link"
      size="small"
      title={`End ${role.title} of ${subject.name} in ${title}?`}
      act="End the grant"
      reason="Why"
      method="DELETE"
      path={`/grants/${grantId}`}
      body={(reason) => ({ reason })}
      done={() => `${subject.name} no longer has ${role.title} here.`}
    >
      {subject.people === 0
        ? 'Nobody is in it now, so nobody loses anything today; whoever joins it later no longer gets this.'
        : `${subject.people === 1 ? '1 person loses' : `${subject.people.toLocaleString('en')} people lose`} ${role.title} in every namespace of this project at once, unless another grant gives it to them. Streams that rest on it are cut.`}
    </ConfirmCall>
  );
}
