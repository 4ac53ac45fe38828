import { Brand } from '#components/shell/brand.tsx';
import { Note } from '#components/ui/note.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { BreakGlassSignInForm } from './sign-in-form.tsx';

/** The quieter door. Null: nobody can say just now. */
export function BreakGlassSignInPage({ available }: { available: boolean | null }) {
  return (
    <main className="grid min-h-dvh place-items-center bg-panel px-4 py-10">
      <div className="w-full max-w-[24rem]">
        <Brand className="mb-6 text-[18px]" />
        <div className="rounded-[9px] border border-line bg-bg px-6 py-6">
          <h1 className="mb-1 font-[620] text-xl tracking-tight">Break-glass</h1>
          {available ? (
            <>
              <p className="mb-4 text-soft">
                For when no domain controller answers. It administers this portal for one hour and opens no cluster.
              </p>
              <Note tone="warn" className="mb-5">
                Every try, right or wrong, is told to everybody who administers.
              </Note>
              <BreakGlassSignInForm />
            </>
          ) : (
            <p className="text-soft">
              {available === null
                ? 'The portal cannot tell just now whether it is available: its database cannot be reached. Try again in a moment.'
                : 'It is not available in this installation: it was switched off.'}
            </p>
          )}
        </div>
        <p className="mt-4 text-sm">
          <TextLink href="/login">Sign in with your directory account</TextLink>
        </p>
      </div>
    </main>
  );
}
