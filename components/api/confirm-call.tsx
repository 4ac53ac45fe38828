'use client';
import { useRouter } from 'next/navigation';
import type { ComponentProps } from 'react';
import { toast } from 'sonner';
import { Confirm } from '#components/ui/confirm.tsx';
import type { Method } from './client.ts';
import { useCall } from './use-call.ts';

type Props<Answer> = Omit<ComponentProps<typeof Confirm>, 'busy' | 'problem' | 'onConfirm'> & {
  method: Method;
  path: string;
  /** With what is sent, the reason among it where one is asked for. */
  body?: (reason: string) => unknown;
  /** Said once it is done. */
  done: (answer: Answer) => string;
  onDone?: () => void;
  /** Where to go then, when what the page shows is no more; otherwise the page is shown as it is now. */
  leaveTo?: string;
};

/** A dangerous act that is one call of the API. */
export function ConfirmCall<Answer>({ method, path, body, done, onDone, leaveTo, ...asked }: Props<Answer>) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <Confirm
      {...asked}
      busy={busy}
      problem={problem}
      onConfirm={async (reason) => {
        const answer = await call<Answer>(method, path, body?.(reason));
        if (!answer) return false;
        toast.success(done(answer));
        onDone?.();
        if (leaveTo) router.push(leaveTo);
        else router.refresh();
        return true;
      }}
    />
  );
}
