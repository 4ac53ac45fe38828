'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';
import type { ClusterDetail } from '#lib/cluster/schema.ts';

const fields = ['serverUrl', 'serverName', 'proxyUrl'];

/** Another address, name or proxy for the same cluster. */
export function ChangeReach({ cluster }: { cluster: ClusterDetail }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const { call, busy, problem, clear } = useCall();
  async function save(form: FormData) {
    const text = (name: string) => String(form.get(name)).trim();
    const done = await call('PATCH', `/clusters/${cluster.id}/reach`, {
      serverUrl: text('serverUrl'),
      serverName: text('serverName') || null,
      proxyUrl: text('proxyUrl') || null,
    });
    if (!done) return;
    toast.success(`${cluster.name} answered that way; it is used from now on.`);
    setOpen(false);
    router.refresh();
  }
  return (
    <>
      <Button
        size="small"
        onClick={() => {
          clear();
          setOpen(true);
        }}
      >
        Change the way
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={`How ${cluster.name} is reached`}
        description="The new way is tried first. The same cluster must answer it, with a certificate from one of its authorities; otherwise nothing changes. What people hold open is ended, and their next request goes the new way."
      >
        <form
          className="grid gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void save(new FormData(event.currentTarget));
          }}
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
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              {busy ? 'Trying…' : 'Try and save'}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
