import { ButtonLink } from '#components/ui/button.tsx';
import { Note } from '#components/ui/note.tsx';
import { Page } from './page.tsx';

/** What is for those who administer: which right is missing, who can give it, whom to ask. Nothing of what stands there. */
export function Refused({ contact }: { contact: string | null }) {
  return (
    <Page title="This is not yours to see" here="Refused">
      <div className="mt-4 grid max-w-3xl justify-items-start gap-4">
        <Note tone="bad">
          Only an auditor or a platform admin may see this. A platform admin can grant you the role “auditor” on all clusters.
          {contact ? ` Ask ${contact}.` : ''}
        </Note>
        <ButtonLink href="/">My access</ButtonLink>
      </div>
    </Page>
  );
}
