import Link from 'next/link';
import { Fragment, type ReactNode } from 'react';

export type ChainStep = {
  readonly above: string;
  readonly text: ReactNode;
  readonly href?: string | undefined;
  readonly joint?: string | undefined;
};

/** A path drawn as boxes with the words that join them: person in group in group holds grant gives rule. */
export function Chain({ steps, label }: { steps: readonly ChainStep[]; label: string }) {
  return (
    <ol aria-label={label} className="flex flex-wrap items-stretch gap-y-2">
      {steps.map(({ above, text, href, joint }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a path is read by its order.
        <Fragment key={index}>
          {joint ? (
            <li aria-hidden={false} className="self-center px-2 text-faint text-xs">
              {joint}
            </li>
          ) : null}
          <li className="rounded-[7px] border border-line-strong bg-bg px-3 py-1.5">
            <span className="block text-[11.5px] text-faint leading-[15px]">{above}</span>
            {href ? (
              <Link href={href} prefetch={false} className="rounded-sm hover:underline">
                {text}
              </Link>
            ) : (
              text
            )}
          </li>
        </Fragment>
      ))}
    </ol>
  );
}
