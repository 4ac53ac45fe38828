import { ButtonLink } from '#components/ui/button.tsx';
import { Note } from '#components/ui/note.tsx';
import { Status } from '#components/ui/status.tsx';

export function Registered({ id, name, after }: { id: string; name: string; after: string }) {
  return (
    <div className="grid gap-3">
      <Note tone="ok" live>
        <Status tone="ok">
          <b className="font-semibold">{name}</b> is registered.
        </Status>
        <p>Its rights are being brought in step; who may enter it is decided by grants.</p>
      </Note>
      <div className="flex gap-2">
        <ButtonLink href={after === '/admin/clusters' ? `/admin/clusters/${id}` : after} look="primary">
          {after === '/admin/clusters' ? `Open ${name}` : 'Go on'}
        </ButtonLink>
      </div>
    </div>
  );
}
