'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Field } from '#components/ui/field.tsx';
import { FormDialog } from '#components/ui/form-dialog.tsx';
import { TextArea } from '#components/ui/input.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

/** The first half of a change of authority: the new one stands beside the present. */
export function AddAuthority({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const { call, busy, problem, clear } = useCall();
  async function add(form: FormData): Promise<boolean> {
    const done = await call('PATCH', `/clusters/${cluster.id}/reach`, { addAuthority: String(form.get('pem')) });
    if (!done) return false;
    toast.success('Both are trusted from now on. Take the old one out once the cluster has changed over.');
    router.refresh();
    return true;
  }
  return (
    <FormDialog
      trigger="Add an authority"
      title={`Another certificate authority for ${cluster.name}`}
      description="It is trusted beside the present ones. Nothing is ever taken over from a server that shows it: paste it from where the cluster’s own administrators keep it, and compare its fingerprint with them."
      wide
      act="Add it"
      acting="Trying…"
      busy={busy}
      onOpen={clear}
      onSubmit={add}
    >
      <Field label="Certificate (PEM)" problem={problem?.fields.addAuthority}>
        <TextArea code name="pem" rows={9} autoComplete="off" placeholder="-----BEGIN CERTIFICATE-----" required />
      </Field>
      <ApiProblemNote problem={problem} fieldsShown={['addAuthority']} />
    </FormDialog>
  );
}
