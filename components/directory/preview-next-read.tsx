'use client';
import { Button } from '#components/ui/button.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { PreviewPanel } from './preview-panel.tsx';
import { usePreview } from './use-preview.ts';

/** What a complete read would do now, by the settings that hold. */
export function PreviewNextRead({ directory }: { directory: DirectoryView }) {
  const preview = usePreview(directory.id);
  return (
    <div className="grid gap-3">
      <div>
        <Button disabled={preview.busy} onClick={() => void preview.start({})}>
          {preview.busy ? 'Reading…' : 'Preview the next read'}
        </Button>
      </div>
      <PreviewPanel state={preview} directoryId={directory.id} domain={directory.domain} onSaved={preview.clear} />
    </div>
  );
}
