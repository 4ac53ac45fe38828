'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { ApiProblemNote } from '#components/api/api-problem.tsx';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog, DialogActions } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Form } from '#components/ui/form.tsx';
import { Input, TextArea } from '#components/ui/input.tsx';
import { Note } from '#components/ui/note.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';
import { draftOf, fenceOf, shownFields } from './fence-draft.ts';
import { FenceFields } from './fence-fields.tsx';

export function ChangeProject({ project }: { project: ProjectDetail }) {
  const router = useRouter();
  const { call, busy, problem, clear } = useCall();
  const [open, setOpen] = useState(false);
  const [about, setAbout] = useState({ title: project.title, description: project.description ?? '' });
  const [fence, setFence] = useState(() => draftOf(project));
  const fields = problem?.fields ?? {};
  function show() {
    clear();
    setAbout({ title: project.title, description: project.description ?? '' });
    setFence(draftOf(project));
    setOpen(true);
  }
  async function save() {
    const done = await call('PATCH', `/projects/${project.id}`, {
      title: about.title,
      description: about.description.trim() || null,
      ...fenceOf(fence),
    });
    if (!done) return;
    toast.success(
      `Saved. ${project.clusters.length === 0 ? '' : `${project.clusters.join(', ')} ${project.clusters.length === 1 ? 'follows' : 'follow'}.`}`,
    );
    setOpen(false);
    router.refresh();
  }
  return (
    <>
      <Button onClick={show}>Change</Button>
      <Dialog open={open} onOpenChange={setOpen} title={`Change ${project.title}`} wide>
        <Form className="grid gap-6" onSubmit={save}>
          <div className="grid max-w-xl gap-3">
            <Field label="Title" problem={fields.title}>
              <Input required maxLength={120} value={about.title} onChange={({ target }) => setAbout({ ...about, title: target.value })} />
            </Field>
            <Field label="Description" problem={fields.description}>
              <TextArea
                maxLength={2000}
                value={about.description}
                onChange={({ target }) => setAbout({ ...about, description: target.value })}
              />
            </Field>
          </div>
          <FenceFields draft={fence} onChange={setFence} problems={fields} />
          <Note>
            It changes {project.namespaces === 1 ? '1 namespace' : `${project.namespaces.toLocaleString('en')} namespaces`} on{' '}
            {project.clusters.length === 1 ? '1 cluster' : `${project.clusters.length} clusters`}, where{' '}
            {project.people === 1 ? '1 person works' : `${project.people.toLocaleString('en')} people work`}. Pods that run stay; new ones
            must fit.
          </Note>
          <ApiProblemNote problem={problem} fieldsShown={shownFields(fields)} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy}>
              {busy ? 'Saving…' : 'Save'}
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
