'use client';
import { useRouter } from 'next/navigation';
import { toast } from 'sonner';
import { useCall } from '#components/api/use-call.ts';
import { Button } from '#components/ui/button.tsx';

type Answer = { outcome: 'passed' | 'failed'; checks: number; failures: unknown[] };

export function RunSelfTest({ id }: { id: string }) {
  const router = useRouter();
  const { call, busy, problem } = useCall();
  return (
    <>
      {problem ? (
        <span role="alert" className="text-bad text-sm">
          {problem.message}
        </span>
      ) : null}
      <Button
        size="small"
        disabled={busy}
        onClick={async () => {
          const answer = await call<Answer>('POST', `/clusters/${id}/self-test`, {});
          if (answer?.outcome === 'passed') toast.success(`All ${answer.checks} checks came out as they must.`);
          else if (answer) toast.error(`${answer.failures.length} of ${answer.checks} checks did not come out as they must.`);
          router.refresh();
        }}
      >
        {busy ? 'Testing…' : 'Run now'}
      </Button>
    </>
  );
}
