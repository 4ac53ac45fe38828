'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { ConnectionForm } from './connection-form.tsx';

/** Connects a directory, or changes how the one named is reached. */
export function ConnectDirectory({ changed }: { changed?: DirectoryView }) {
  const router = useRouter();
  return (
    <ConnectionForm
      {...(changed ? { changed } : {})}
      onConnected={({ domain }) => {
        if (!changed) toast.success(`${domain} is connected and being read.`);
        router.refresh();
      }}
    />
  );
}
