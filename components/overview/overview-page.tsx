import { Live } from '#components/shell/live.tsx';
import { Page } from '#components/shell/page.tsx';
import { latency } from '#components/ui/clock.ts';
import { Facts } from '#components/ui/facts.tsx';
import { Columns, Section } from '#components/ui/section.tsx';
import type { Overview } from '#lib/overview/schema.ts';
import { AttentionTable } from './attention-table.tsx';
import { behindInWords } from './behind.ts';
import { Convergence, inStep } from './convergence.tsx';
import { DirectoryFeed } from './directory-feed.tsx';
import { LatencyHistogram } from './latency-histogram.tsx';
import { ProcessList } from './process-list.tsx';
import { RecentCuts } from './recent-cuts.tsx';

/** Is what was decided true everywhere, right now? */
export function OverviewPage({ overview }: { overview: Overview }) {
  const { clusters, counts, attention, recentCuts, latencies, processes } = overview;
  return (
    <Page title="Overview" sub={summaryOf(overview)}>
      <Live />
      <div className="mt-5">
        <Facts
          items={[
            freshness(overview),
            {
              figure: counts.people.toLocaleString('en'),
              text: `people, ${(counts.people - counts.livePeople).toLocaleString('en')} of them may not sign in; ${counts.groups.toLocaleString('en')} groups`,
            },
            {
              figure: counts.streams.toLocaleString('en'),
              text: `open ${counts.streams === 1 ? 'stream' : 'streams'} on ${clusters.length.toLocaleString('en')} ${clusters.length === 1 ? 'cluster' : 'clusters'}`,
            },
            slowestCut(latencies),
          ]}
        />
      </div>
      <Columns>
        <div>
          <Section title="Needs attention">
            <AttentionTable attention={attention} />
          </Section>
        </div>
        <div>
          <Section title="Clusters">
            <Convergence clusters={clusters} />
          </Section>
          <Section title="Directory feed">
            <DirectoryFeed directories={overview.directories} now={overview.now} />
          </Section>
          <Section title="Lost access last">
            <RecentCuts cuts={recentCuts} />
          </Section>
          {latencies.length > 0 ? (
            <Section title="How fast">
              <LatencyHistogram latencies={latencies} />
            </Section>
          ) : null}
          <Section title="Running">
            <ProcessList processes={processes} />
          </Section>
        </div>
      </Columns>
    </Page>
  );
}

function summaryOf({ clusters, attention }: Overview): string {
  const toLookAt = attention.filter(({ level }) => level !== 'note').length;
  const look = toLookAt === 0 ? 'Nothing needs a look.' : toLookAt === 1 ? 'One thing needs a look.' : `${toLookAt} things need a look.`;
  if (clusters.length === 0) return `No cluster is registered yet. ${look}`;
  return `What was decided is true on ${inStep(clusters).toLocaleString('en')} of ${clusters.length.toLocaleString('en')} ${clusters.length === 1 ? 'cluster' : 'clusters'}. ${look}`;
}

/** By the directory that is furthest behind: the one whose leavers would be noticed last. */
function freshness({ directories, now }: Overview) {
  const followed = directories.flatMap(({ controllers }) => controllers).filter(({ state }) => state === 'following').length;
  const [stalest] = directories.map(({ freshAt }) => freshAt ?? '').sort();
  if (stalest === undefined) return { figure: '–', text: 'no directory is connected' };
  const dcs = `${followed.toLocaleString('en')} ${followed === 1 ? 'DC' : 'DCs'} followed`;
  if (stalest === '') return { figure: '–', text: `Active Directory was not read in full yet; ${dcs}` };
  const behind = behindInWords(stalest, now);
  return behind === null
    ? { figure: 'Up to date', text: `with Active Directory, ${dcs}` }
    : { figure: behind, text: `behind Active Directory, ${dcs}` };
}

function slowestCut(latencies: readonly number[]) {
  if (latencies.length === 0) return { figure: '–', text: 'slowest cut-off; nobody was cut off yet' };
  const of = latencies.length === 1 ? 'the only cut-off so far' : `slowest cut-off of the last ${latencies.length.toLocaleString('en')}`;
  return { figure: latency(Math.max(...latencies)), text: of };
}
