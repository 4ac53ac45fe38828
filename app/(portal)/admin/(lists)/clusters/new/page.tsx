import type { Metadata } from 'next';
import { RegisterPage } from '#components/cluster/register-page.tsx';
import { requireViewer } from '#lib/session/current.ts';

export const metadata: Metadata = { title: 'Register a cluster' };

export default async function Register() {
  await requireViewer();
  return <RegisterPage />;
}
