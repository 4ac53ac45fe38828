'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';

/** `openStreams`: what it holds open just now. `of`: whose it is, when it is not one's own. */
export function RevokeCredential({ id, name, openStreams, of }: { id: string; name: string; openStreams: number; of?: string }) {
  return (
    <ConfirmCall
      trigger="Revoke"
      look="link"
      size="small"
      title={of ? `Revoke ${name} of ${of}?` : `Revoke ${name}?`}
      act="Revoke"
      method="DELETE"
      path={`/credentials/${id}`}
      done={() => `${name} is refused from now on.`}
    >
      It is refused on every cluster from now on. {whatIsCut(openStreams)} This cannot be undone; a new one can be made at any time.
    </ConfirmCall>
  );
}

export function RevokeAll({ personId, living, openStreams, of }: { personId: string; living: number; openStreams: number; of?: string }) {
  const whose = of ? ` of ${of}` : '';
  return (
    <ConfirmCall
      trigger="Revoke all"
      {...(of ? { size: 'small' as const } : {})}
      title={living === 1 ? `Revoke the one credential${whose}?` : `Revoke all ${living} credentials${whose}?`}
      act="Revoke all"
      method="DELETE"
      path={`/people/${personId}/credentials`}
      done={(answer: { revoked: number }) =>
        `${answer.revoked} ${answer.revoked === 1 ? 'credential is' : 'credentials are'} refused from now on.`
      }
    >
      {living === 1 ? 'It is' : 'They are'} refused on every cluster from now on. {whatIsCut(openStreams)}{' '}
      {of ? 'The sign-in at this portal stays, and so does the account: a new one can be made at any time.' : 'The sign-in here stays.'}
    </ConfirmCall>
  );
}

function whatIsCut(openStreams: number): string {
  if (openStreams === 0) return 'Nothing is open through it just now; whatever opens meanwhile is cut.';
  return `${counted(openStreams, 'open stream')} (shells, logs, watches, port-forwards) ${openStreams === 1 ? 'is' : 'are'} cut at once.`;
}
