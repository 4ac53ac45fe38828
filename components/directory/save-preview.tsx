'use client';
import { ConfirmCall } from '#components/api/confirm-call.tsx';
import { counted } from '#components/ui/count.ts';
import type { Preview } from '#lib/directory/preview/schema.ts';

type Props = {
  directoryId: string;
  domain: string;
  previewId: string;
  preview: Preview;
  /** Entered for the preview, and not kept by it. */
  bindPassword?: string | undefined;
  onSaved: () => void;
};

/** Saves what the preview was made with. Where the guard would hold the read, saving says that the removals shown are meant. */
export function SavePreview({ directoryId, domain, previewId, preview, bindPassword, onSaved }: Props) {
  const { held, losing, tally } = preview;
  const wouldBeHeld = held.some(({ what }) => what !== 'sentinels');
  const isDistrusted = held.some(({ what }) => what === 'sentinels');
  const approveRemovals = wouldBeHeld && !isDistrusted;
  return (
    <ConfirmCall
      trigger="Save these settings"
      title={`Read ${domain} by these settings?`}
      act={losing.people > 0 ? `Save, and cut off ${losing.people.toLocaleString('en')}` : 'Save'}
      look={losing.people > 0 ? 'danger' : 'plain'}
      method="POST"
      path={`/directories/${directoryId}/previews/${previewId}/save`}
      body={() => ({ approveRemovals, ...(bindPassword ? { bindPassword } : {}) })}
      done={() => `${domain} is read by the new settings.`}
      onDone={onSaved}
    >
      {losing.people > 0 ? (
        <p>
          {counted(losing.people, 'person', 'people')} would be signed out, their streams cut and their credentials refused;{' '}
          {losing.withGrants.toLocaleString('en')} of them hold grants. Put the settings back, and they are the same people with the same
          grants.{' '}
          {approveRemovals
            ? 'That is many at once: saving says that as many as the preview showed are meant. Their credentials end for good after 7 days.'
            : 'Their credentials end for good.'}
        </p>
      ) : (
        <p>
          Nobody loses access by it. {tally.peopleAppeared > 0 ? `${counted(tally.peopleAppeared, 'person comes', 'people come')} in.` : ''}
        </p>
      )}
    </ConfirmCall>
  );
}
