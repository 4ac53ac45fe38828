'use client';
import { useRouter } from 'next/navigation';
import { ConnectionForm } from '#components/directory/connection-form.tsx';

export function ConnectStep() {
  const router = useRouter();
  return <ConnectionForm onConnected={() => router.refresh()} />;
}
