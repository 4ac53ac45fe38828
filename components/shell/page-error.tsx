'use client';
import { Button } from '#components/ui/button.tsx';
import { Problem } from '#components/ui/problem.tsx';
import { readFaultDigest } from '#lib/session/fault-digest.ts';

/** A page that could not be shown: what happened, what to do, and what to quote. */
export function PageError({ error, retry }: { error: unknown; retry: () => void }) {
  const digest = error instanceof Error && 'digest' in error ? String(error.digest) : undefined;
  const fault = readFaultDigest(digest);
  return (
    <main id="main" className="max-w-3xl px-4 pt-16 md:px-6">
      <h1 className="mb-3 font-[620] text-xl tracking-tight">
        {fault?.status === 403 ? 'This is not yours to see' : 'This page could not be shown'}
      </h1>
      <Problem
        message={fault?.message ?? 'Something went wrong on our side. Try again, and quote the code if it stays.'}
        code={fault?.code ?? 'portal.unexpected'}
        quote={fault?.requestId ?? digest}
      />
      <div className="mt-4">
        <Button onClick={retry}>Try again</Button>
      </div>
    </main>
  );
}
