'use client';
import { useState } from 'react';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Status } from '#components/ui/status.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import type { DirectoryTest } from '#lib/directory/settings/connect-schema.ts';
import { TestResult } from './test-result.tsx';

/** Asks the domain controllers once more by the settings that hold: what they show, and what the sync account still lacks. */
export function TestAgain({ directory }: { directory: DirectoryView }) {
  const { call, busy, problem } = useCall();
  const [result, setResult] = useState<DirectoryTest | null>(null);
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Button
          disabled={busy}
          onClick={async () => {
            setResult(null);
            setResult(await call<DirectoryTest>('POST', `/directories/${directory.id}/test`, {}));
          }}
        >
          {busy ? 'Testing…' : 'Test the connection again'}
        </Button>
        {busy ? <Status tone="wait">Asking the domain controllers</Status> : null}
      </div>
      <ApiProblemNote problem={problem} />
      {result ? <TestResult result={result} /> : null}
    </div>
  );
}
