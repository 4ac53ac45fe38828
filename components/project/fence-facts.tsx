import { Details } from '#components/ui/facts.tsx';
import { Status } from '#components/ui/status.tsx';
import type { ProjectDetail } from '#lib/project/schema.ts';
import { resourceInWords } from './quantity.ts';
import { isolationWords, podSecurityWords } from './words.ts';

/** What holds in each namespace of the project. */
export function FenceFacts({ project }: { project: ProjectDetail }) {
  const { quota, limits, podSecurity, isolated, isolationVerified } = project;
  // Under a quota on CPU or memory no container could start that says nothing, so small defaults are given then.
  const unsaid = Object.keys(quota ?? {}).some((name) => /(^|\.)(cpu|memory)$/.test(name))
    ? 'a small default, for the quota’s sake'
    : 'not said';
  return (
    <Details
      items={[
        ['Quota', <Quota key="quota" hard={quota} />],
        ['Containers ask for', pair(limits?.requestCpu, limits?.requestMemory, unsaid)],
        ['Containers get at most', pair(limits?.defaultCpu, limits?.defaultMemory, unsaid)],
        ['And never more than', pair(limits?.maxCpu, limits?.maxMemory, 'not said')],
        [
          'Pod Security',
          <>
            <Status tone={podSecurity === 'privileged' ? 'warn' : 'ok'}>{podSecurity}</Status>
            <div className="text-soft text-sm">{podSecurityWords[podSecurity]}</div>
          </>,
        ],
        [
          'Network',
          isolated ? (
            <>
              <Status tone={isolationVerified ? 'ok' : 'wait'}>{isolationVerified ? 'isolated' : 'isolated, not verified'}</Status>
              <div className="text-soft text-sm">
                {isolationWords.on}.
                {isolationVerified ? '' : ' The policies stand; whether the cluster’s network plugin enforces them nobody has proved.'}
              </div>
            </>
          ) : (
            <>
              <Status tone="warn">open</Status>
              <div className="text-soft text-sm">{isolationWords.off}</div>
            </>
          ),
        ],
      ]}
    />
  );
}

function Quota({ hard }: { hard: ProjectDetail['quota'] }) {
  if (!hard) return <span className="text-faint">none: what the cluster has</span>;
  return (
    <ul>
      {Object.entries(hard).map(([resource, amount]) => (
        <li key={resource} title={resource}>
          {resourceInWords(resource)}: {amount}
        </li>
      ))}
    </ul>
  );
}

function pair(cpu: string | undefined, memory: string | undefined, unsaid: string) {
  const said = [cpu ? `${cpu} CPU` : '', memory ? `${memory} memory` : ''].filter(Boolean).join(', ');
  return said || <span className="text-faint">{unsaid}</span>;
}
