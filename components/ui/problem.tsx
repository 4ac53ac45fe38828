import { Note } from './note.tsx';

/** What happened, what to do, and the code to quote. */
export function Problem({ message, code, quote }: { message: string; code: string; quote?: string | undefined }) {
  return (
    <Note tone="bad" live>
      <p>{message}</p>
      <p className="mt-1 text-soft text-xs">
        Code <code className="text-xs">{code}</code>
        {quote ? (
          <>
            {' '}
            · quote <code className="text-xs">{quote}</code>
          </>
        ) : null}
      </p>
    </Note>
  );
}
