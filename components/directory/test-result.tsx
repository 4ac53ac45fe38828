import { Details } from '#components/ui/facts.tsx';
import { Note } from '#components/ui/note.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
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
            result.otherControllers.length > 0 ? `${result.otherControllers.join(', ')}: followed only when entered` : 'none',
          ],
        ]}
      />
      <div className="grid gap-4 sm:grid-cols-[2fr_1fr]">
        <Table label="Some of its people">
          <Head>
            <Th>People, such as</Th>
            <Th>Account</Th>
          </Head>
          <tbody>
            {result.samplePeople.map(({ name, login }) => (
              <Row key={login}>
                <Td>{name}</Td>
                <Td className="text-soft">{login}</Td>
              </Row>
            ))}
          </tbody>
        </Table>
        <Table label="Some of its groups">
          <Head>
            <Th>Groups, such as</Th>
          </Head>
          <tbody>
            {result.sampleGroups.map(({ name }) => (
              <Row key={name}>
                <Td>{name}</Td>
              </Row>
            ))}
          </tbody>
        </Table>
      </div>
      <MissingRights rights={result.missingRights} />
      {result.hints.map((hint) => (
        <Note key={hint} tone="warn">
          {hint}
        </Note>
      ))}
    </div>
  );
}
