'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';
import type { DirectoryView } from '#lib/directory/people/schema.ts';

export function DisconnectDirectory({ directory }: { directory: DirectoryView }) {
  return (
    <ConfirmCall
      trigger="Disconnect"
      title={`Disconnect ${directory.domain}?`}
      act="Disconnect"
      reason={`Type ${directory.domain} to confirm`}
      method="POST"
      path={`/directories/${directory.id}/disconnect`}
      body={(domain) => ({ domain })}
      done={(done: { people: number }) =>
        `${directory.domain} is disconnected: ${counted(done.people, 'person is', 'people are')} nobody here any more.`
      }
    >
      {counted(directory.people, 'person is', 'people are')} nobody here from that moment on: their sessions end, their credentials are
      refused for good, their streams are cut, and grants to {counted(directory.groups, 'group')} give nothing. Nothing is changed in the
      directory. Connected again, the same people come back, and sign in anew.
    </ConfirmCall>
  );
}
