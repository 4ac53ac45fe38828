import { Status, type Tone } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import type { PlanStep } from '#lib/cluster/schema.ts';

const words: Record<PlanStep['operation'], string> = {
  create: 'made',
  update: 'changed',
  recreate: 'made anew',
  delete: 'removed',
  release: 'let go',
  refuse: 'left alone',
};
const tones: Record<PlanStep['operation'], Tone> = {
  create: 'ok',
  update: 'ok',
  recreate: 'ok',
  delete: 'off',
  release: 'off',
  refuse: 'warn',
};

/** What was last written to a cluster, and why. */
export function PlanTable({ steps }: { steps: readonly PlanStep[] }) {
  if (steps.length === 0) return <p className="text-soft">Nothing had to be written when it was last looked at.</p>;
  return (
    <Table label="Last plan">
      <Head>
        <Th>Object</Th>
        <Th>Done</Th>
        <Th>Because</Th>
      </Head>
      <tbody>
        {steps.map((step) => (
          <Row key={`${step.kind} ${step.namespace} ${step.name}`}>
            <Td>
              {step.kind} {step.title ? <span className="text-soft">{step.title}</span> : null}
              <code className="block break-all text-faint text-xs">
                {step.namespace ? `${step.namespace}/` : ''}
                {step.name}
              </code>
            </Td>
            <Td>
              <Status tone={step.error ? 'bad' : tones[step.operation]}>{step.error ? 'failed' : words[step.operation]}</Status>
            </Td>
            <Td className="text-soft">{step.error ?? step.reason}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
