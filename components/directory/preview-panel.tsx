'use client';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { Status } from '#components/ui/status.tsx';
import { PreviewResult } from './preview-result.tsx';
import { SavePreview } from './save-preview.tsx';
import type { PreviewState } from './use-preview.ts';

type Props = {
  state: PreviewState;
  directoryId: string;
  domain: string;
  bindPassword?: string | undefined;
  fieldsShown?: readonly string[];
  onSaved: () => void;
};

/** A preview on its way, what came of it, and the button that makes it true. */
export function PreviewPanel({ state, directoryId, domain, bindPassword, fieldsShown = [], onSaved }: Props) {
  const { busy, progress, problem, previewId, preview } = state;
  return (
    <>
      <ApiProblemNote problem={problem} fieldsShown={fieldsShown} />
      {busy ? (
        <p role="status">
          <Status tone="wait">{progress ?? 'Reading'}</Status>
        </p>
      ) : null}
      {preview ? <PreviewResult preview={preview} /> : null}
      {preview && previewId && !preview.unchanged ? (
        <div>
          <SavePreview {...{ directoryId, domain, previewId, preview, bindPassword, onSaved }} />
        </div>
      ) : null}
    </>
  );
}
