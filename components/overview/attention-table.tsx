import { Status, type Tone } from '#components/ui/status.tsx';
import { Head, Row, Table, Td, Th } from '#components/ui/table.tsx';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Overview } from '#lib/overview/schema.ts';

type Attention = Overview['attention'][number];

const tones: Readonly<Record<Attention['level'], Tone>> = { problem: 'bad', warning: 'warn', note: 'wait' };
const levelWords: Readonly<Record<Attention['level'], string>> = { problem: 'Problem', warning: 'Warning', note: 'Note' };

/** What somebody should look at, worst first, each with the page where it is seen or mended. */
export function AttentionTable({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0)
    return (
      <p className="border-line border-y py-3">
        <Status tone="ok">Nothing. What was decided is true everywhere.</Status>
      </p>
    );
  return (
    <Table label="Needs attention">
      <Head>
        <Th>How bad</Th>
        <Th>What</Th>
        <Th>Since</Th>
        <Th>
          <span className="sr-only">Go there</span>
        </Th>
      </Head>
      <tbody>
        {attention.map(({ level, text, href, since }) => (
          <Row key={level + text}>
            <Td>
              <Status tone={tones[level]}>{levelWords[level]}</Status>
            </Td>
            <Td>{text}</Td>
            <Td className="text-soft">{since ? <Time at={since} /> : null}</Td>
            <Td right>
              {href === '/admin' ? null : (
                <TextLink href={href} aria-label={`Open: ${text}`}>
                  Open
                </TextLink>
              )}
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
