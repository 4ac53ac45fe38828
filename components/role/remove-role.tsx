'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import type { RoleDetail } from '#lib/entitlement/schema.ts';
import { countOf } from './words.ts';

export function RemoveRole({ role }: { role: RoleDetail }) {
  return (
    <ConfirmCall
      trigger="Remove"
      title={`Remove the role ${role.title}?`}
      act="Remove the role"
      method="DELETE"
      path={`/roles/${role.id}`}
      done={() => `Role ${role.title} is removed.`}
      leaveTo="/admin/roles"
    >
      {role.grants === 0 && role.inheritedBy.length === 0
        ? 'Nobody holds it and no role inherits it: nobody loses anything.'
        : `${countOf(role.grants, 'grant rests', 'grants rest')} on it (${countOf(role.people, 'person', 'people')}) and ${countOf(role.inheritedBy.length, 'role inherits', 'roles inherit')} it. A role that is in use is not removed: end those first.`}
    </ConfirmCall>
  );
}
