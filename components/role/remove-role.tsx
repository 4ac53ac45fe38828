'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Confirm } from '#components/ui/confirm.tsx';
import type { RoleDetail } from '#lib/entitlement/schema.ts';
import { countOf } from './words.ts';

export function RemoveRole({ role }: { role: RoleDetail }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      trigger="Remove"
      title={`Remove the role ${role.title}?`}
      act="Remove the role"
      busy={busy}
      problem={problem}
      onConfirm={async () => {
        const done = await call('DELETE', `/roles/${role.id}`);
        if (!done) return false;
        toast.success(`Role ${role.title} is removed.`);
        router.push('/admin/roles');
        return true;
      }}
    >
      {role.grants === 0 && role.inheritedBy.length === 0
        ? 'Nobody holds it and no role inherits it: nobody loses anything.'
        : `${countOf(role.grants, 'grant rests', 'grants rest')} on it (${countOf(role.people, 'person', 'people')}) and ${countOf(role.inheritedBy.length, 'role inherits', 'roles inherit')} it. A role that is in use is not removed: end those first.`}
    </Confirm>
  );
}
