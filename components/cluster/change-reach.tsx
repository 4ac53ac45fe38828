'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Field } from '#components/ui/field.tsx';
import { FormDialog } from '#components/ui/form-dialog.tsx';
import { Input } from '#components/ui/input.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

const fields = ['serverUrl', 'serverName', 'proxyUrl'];

/** Another address, name or proxy for the same cluster. */
export function ChangeReach({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const { call, busy, problem, clear } = useCall();
  async function save(form: FormData): Promise<boolean> {
    const text = (name: string) => String(form.get(name)).trim();
    const done = await call('PATCH', `/clusters/${cluster.id}/reach`, {
      serverUrl: text('serverUrl'),
      serverName: text('serverName') || null,
      proxyUrl: text('proxyUrl') || null,
    });
    if (!done) return false;
    toast.success(`${cluster.name} answered that way; it is used from now on.`);
    router.refresh();
    return true;
  }
  return (
    <FormDialog
      trigger="Change the way"
      title={`How ${cluster.name} is reached`}
      description="The new way is tried first. The same cluster must answer it, with a certificate from one of its authorities; otherwise nothing changes. What people hold open is ended, and their next request goes the new way."
      act="Try and save"
      acting="Trying…"
      busy={busy}
      onOpen={clear}
      onSubmit={save}
    >
      <Field label="Address of its API server" hint="As this platform reaches it." problem={problem?.fields.serverUrl}>
        <Input name="serverUrl" defaultValue={cluster.serverUrl} inputMode="url" required />
      </Field>
      <Field
        label="Server name"
        hint="Only where the certificate is for another name than the one in the address."
        problem={problem?.fields.serverName}
      >
        <Input name="serverName" defaultValue={cluster.serverName ?? ''} placeholder="kubernetes.default" />
      </Field>
      <Field
        label="HTTP proxy"
        hint="http://proxy.corp.example:3128, without user name or password. Empty: straight."
        problem={problem?.fields.proxyUrl}
      >
        <Input name="proxyUrl" defaultValue={cluster.proxyUrl ?? ''} inputMode="url" />
      </Field>
      <ApiProblemNote problem={problem} fieldsShown={fields} />
    </FormDialog>
  );
}
