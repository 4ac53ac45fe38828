import { Note } from '#components/ui/note.tsx';
import { Time } from '#components/ui/time.tsx';

/** Stands over every page of a break-glass session. */
export function SessionBanner({ name, endsAt }: { name: string; endsAt: string | null }) {
  return (
    <aside aria-label="Break-glass session">
      <Note tone="bad" className="rounded-none px-4 md:px-6">
        <strong className="font-semibold">Break-glass: {name}.</strong> You administer this portal and open no cluster. All of it stands in
        the audit log under this name. It ends {endsAt ? <Time at={endsAt} /> : 'within the hour'}, whatever you do.
      </Note>
    </aside>
  );
}
