'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ConnectionForm } from './connection-form.tsx';

export function ConnectDirectory() {
  const router = useRouter();
  return (
    <ConnectionForm
      onConnected={({ domain }) => {
        toast.success(`${domain} is connected and being read.`);
        router.refresh();
      }}
    />
  );
}
