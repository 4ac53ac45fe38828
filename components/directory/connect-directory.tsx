'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ConnectionForm } from './connection-form.tsx';

/** Connects a directory, or changes how the one named is reached. */
export function ConnectDirectory({ changed }: { changed?: string }) {
  const router = useRouter();
  return (
    <ConnectionForm
      {...(changed ? { changed } : {})}
      onConnected={({ domain }) => {
        toast.success(`${domain} is ${changed ? 'reached the new way' : 'connected'} and being read.`);
        router.refresh();
      }}
    />
  );
}
