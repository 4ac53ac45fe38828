import { ButtonLink } from '#components/ui/button.tsx';

/** For what does not exist, and for what must look as if it did not. */
export function NotHere() {
  return (
    <main id="main" className="max-w-3xl px-4 pt-16 md:px-6">
      <h1 className="mb-1 font-[620] text-xl tracking-tight">There is nothing here</h1>
      <NothingHere />
    </main>
  );
}

export function NothingHere() {
  return (
    <>
      <p className="mb-4 text-soft">It does not exist, or it is not yours to see. If you followed a link, ask whoever gave it to you.</p>
      <ButtonLink href="/">My access</ButtonLink>
    </>
  );
}
