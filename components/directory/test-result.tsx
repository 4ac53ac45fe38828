import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import type { DirectoryTest } from '#lib/directory/settings/connect-schema.ts';
import { ControllersFound } from './controllers-found.tsx';
import { MissingRights } from './missing-rights.tsx';

export function TestResult({ result }: { result: DirectoryTest }) {
  return (
    <div role="status" className="grid gap-3">
      <Note tone="ok">
        <b className="font-semibold">{result.domain}</b> answers: {result.people.toLocaleString('en')} people and{' '}
        {result.groups.toLocaleString('en')} groups below <code>{result.baseDn}</code>.
        {result.lockoutThreshold ? ` Accounts lock after ${result.lockoutThreshold} wrong passwords; we stop before.` : ''}
      </Note>
      <ControllersFound controllers={result.controllers} />
      <Details
        items={[
          [
            'Not entered',
            result.otherControllers.length > 0 ? `${result.otherControllers.join(', ')}: followed only when entered above` : 'none',
          ],
          ['People, such as', result.samplePeople.map(({ name, login }) => `${name} (${login})`).join(', ') || 'nobody'],
          ['Groups, such as', result.sampleGroups.map(({ name }) => name).join(', ') || 'none'],
        ]}
      />
      <MissingRights rights={result.missingRights} />
      {result.hints.map((hint) => (
        <Note key={hint} tone="warn">
          {hint}
        </Note>
      ))}
    </div>
  );
}
