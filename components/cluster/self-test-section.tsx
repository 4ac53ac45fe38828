import { counted } from '#components/ui/count.ts';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import { Time } from '#components/ui/time.tsx';
import type { SelfTestCheck, SelfTestView } from '#lib/cluster/powers-schema.ts';
import { RunSelfTest } from './run-self-test.tsx';

const accounts: Record<SelfTestCheck['account'], string> = { door: 'The door’s account', reconciler: 'The reconciler’s account' };

/** Whether the cluster holds our accounts to what they must be able to do, and to no more. */
export function SelfTestSection({ id, selfTest, mayRun }: { id: string; selfTest: SelfTestView | null; mayRun: boolean }) {
  return (
    <Section title="Self-test" actions={mayRun ? <RunSelfTest id={id} /> : null}>
      {selfTest ? (
        <Result selfTest={selfTest} />
      ) : (
        <p className="text-soft">It has not run yet; it does as soon as the cluster is in step.</p>
      )}
    </Section>
  );
}

function Result({ selfTest: { outcome, testedAt, since, checks } }: { selfTest: SelfTestView }) {
  const failures = checks.filter(({ expected, found }) => expected !== found);
  const refused = checks.filter(({ expected }) => expected === 'refused').length;
  return (
    <div className="grid gap-2">
      <p className="flex flex-wrap items-center gap-x-2">
        <Status tone={outcome === 'passed' ? 'ok' : 'bad'}>{outcome}</Status>
        <span className="text-soft">
          <Time at={testedAt} />
        </span>
      </p>
      {failures.length === 0 ? (
        <p className="text-soft">
          {counted(checks.length - refused, 'thing')} that our accounts need {checks.length - refused === 1 ? 'is' : 'are'} let through, and{' '}
          {counted(refused, 'thing')} that they must not do {refused === 1 ? 'is' : 'are'} refused.
        </p>
      ) : (
        <Note tone="bad">
          <p>
            Not as it must be, since <Time at={since} />:
          </p>
          <ul className="list-disc pl-4">
            {failures.map((check) => (
              <li key={keyOf(check)}>
                {accounts[check.account]} {check.found === 'allowed' ? 'may' : 'may not'} <code>{check.words}</code>
              </li>
            ))}
          </ul>
          <p>{failures.some(({ found }) => found === 'allowed') ? tooMuch : tooLittle}</p>
        </Note>
      )}
      <details>
        <summary className="w-fit rounded-sm text-accent hover:underline">All {checks.length} checks</summary>
        <ul>
          {checks.map((check) => (
            <li key={keyOf(check)} className="flex items-baseline gap-2">
              <Status tone={check.expected === check.found ? 'ok' : 'bad'}>{check.found}</Status>
              <span className="min-w-0 break-words text-soft">
                {check.account}: {check.words}
              </span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const tooMuch =
  'Something in the cluster gives it that; find the binding and take it away, for with it the door’s credential is worth more than it should.';
const tooLittle = 'Something in the cluster takes it away. “Renew our accounts” makes them anew.';

function keyOf({ account, words }: SelfTestCheck): string {
  return `${account} ${words}`;
}
