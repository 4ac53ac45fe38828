'use client';
import './globals.css';
import { PageError } from '#components/shell/page-error.tsx';

export default function GlobalError({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <PageError error={error} retry={retry} />
      </body>
    </html>
  );
}
