'use client';
import { Button } from '#components/ui/button.tsx';
import { Problem } from '#components/ui/problem.tsx';
import { readFaultDigest } from '#lib/session/fault-digest.ts';
import { Page } from './page.tsx';

type Failure = { error: unknown; retry: () => void };

const title = 'This page could not be shown';

/** A page that could not be shown: what happened, what to do, and what to quote. */
export function PageError(failure: Failure) {
  return (
    <main id="main" className="max-w-3xl px-4 pt-16 md:px-6">
      <h1 className="mb-3 font-[620] text-xl tracking-tight">{title}</h1>
      <WhatHappened {...failure} />
    </main>
  );
}

/** The same within the portal, where the ways on stay at hand. */
export function PortalError(failure: Failure) {
  return (
    <Page title={title} here="Not shown">
      <div className="mt-4 max-w-3xl">
        <WhatHappened {...failure} />
      </div>
    </Page>
  );
}

function WhatHappened({ error, retry }: Failure) {
  const digest = error instanceof Error && 'digest' in error ? String(error.digest) : undefined;
  const fault = readFaultDigest(digest);
  return (
    <>
      <Problem
        message={fault?.message ?? 'Something went wrong on our side. Try again, and quote the code if it stays.'}
        code={fault?.code ?? 'portal.unexpected'}
        quote={fault?.requestId ?? digest}
      />
      <div className="mt-4">
        <Button onClick={retry}>Try again</Button>
      </div>
    </>
  );
}
