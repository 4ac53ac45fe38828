import { Brand } from '#components/shell/brand.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { SignInForm } from './sign-in-form.tsx';

type Props = { error: string | undefined; callbackUrl: string | undefined; breakGlass: boolean };

export function SignInPage({ error, callbackUrl, breakGlass }: Props) {
  return (
    <main className="grid min-h-dvh place-items-center bg-panel px-4 py-10">
      <div className="w-full max-w-[22rem]">
        <Brand className="mb-6 text-[18px]" />
        <div className="rounded-[9px] border border-line bg-bg px-6 py-6">
          <h1 className="mb-1 font-[620] text-xl tracking-tight">Sign in</h1>
          <p className="mb-5 text-soft">With your directory account, as on your computer.</p>
          <SignInForm error={error} callbackUrl={callbackUrl} />
        </div>
        <p className="mt-4 text-faint text-sm">Gatehouse never keeps your password: it is shown to the directory once and forgotten.</p>
        {breakGlass ? (
          <p className="mt-2 text-faint text-sm">
            <TextLink quiet href="/login/break-glass" className="text-faint">
              Break-glass
            </TextLink>
          </p>
        ) : null}
      </div>
    </main>
  );
}
