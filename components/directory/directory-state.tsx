import { Status, type Tone } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { Tag } from '#components/ui/tag.tsx';
import { Time } from '#components/ui/time.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { modeWords } from './sync-words.ts';

type State = DirectoryView['state'];
const tones: Record<State, Tone> = { new: 'wait', reading: 'wait', following: 'ok', unreachable: 'bad', held: 'warn' };
const words: Record<State, string> = {
  new: 'about to be read',
  reading: 'being read',
  following: 'followed',
  unreachable: 'cannot be reached',
  held: 'held',
};

export function DirectoryStatus({ state, detail }: { state: State; detail?: string | null }) {
  return (
    <Status tone={tones[state]} title={detail ?? undefined}>
      {words[state]}
    </Status>
  );
}

/** One directory and the domain controllers that are followed. */
export function ControllerTable({ directory }: { directory: DirectoryView }) {
  return (
    <Table label={`Domain controllers of ${directory.domain}`}>
      <Head>
        <Th>Domain controller</Th>
        <Th>State</Th>
        <Th>Read in full</Th>
        <Th>Fresh</Th>
        <Th>Last change</Th>
        <Th>Asked by</Th>
        <Th>Deleted accounts</Th>
      </Head>
      <tbody>
        {directory.controllers.map((controller) => (
          <Row key={controller.id}>
            <Td>
              <code>{controller.dnsHostName ?? controller.url}</code>
            </Td>
            <Td>
              <DirectoryStatus state={controller.state} detail={controller.stateDetail} />
              {controller.stateDetail && controller.state !== 'following' ? (
                <p className="max-w-sm text-soft text-sm">{controller.stateDetail}</p>
              ) : null}
            </Td>
            <Td>{controller.fullReadAt ? <Time at={controller.fullReadAt} /> : <span className="text-faint">not yet</span>}</Td>
            <Td>{controller.freshAt ? <Time at={controller.freshAt} /> : <span className="text-faint">not yet</span>}</Td>
            <Td>{controller.changedAt ? <Time at={controller.changedAt} /> : <span className="text-faint">none yet</span>}</Td>
            <Td className="whitespace-nowrap">
              {controller.changeMode ? modeWords[controller.changeMode] : <span className="text-faint">not known</span>}
            </Td>
            <Td>{controller.seesDeleted ? 'seen' : <Tag tone="warn">not seen</Tag>}</Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
