import { Status, type Tone } from '#components/ui/status.tsx';
import type { ClusterState, StatusState } from '#lib/cluster/schema.ts';

const stateTones: Record<ClusterState, Tone> = {
  joining: 'wait',
  ready: 'ok',
  unreachable: 'bad',
  'credential-invalid': 'bad',
  'wrong-cluster': 'bad',
  removed: 'off',
};
const stateWords: Record<ClusterState, string> = {
  joining: 'joining',
  ready: 'ready',
  unreachable: 'cannot be reached',
  'credential-invalid': 'our credential is refused',
  'wrong-cluster': 'another cluster answers',
  removed: 'removed',
};
const syncTones: Record<StatusState, Tone> = { waiting: 'wait', applying: 'wait', 'in-step': 'ok', failed: 'bad', unreachable: 'bad' };
const syncWords: Record<StatusState, string> = {
  waiting: 'waiting',
  applying: 'applying',
  'in-step': 'in step',
  failed: 'failed',
  unreachable: 'cannot be reached',
};

export function ClusterStatus({ state, detail }: { state: ClusterState; detail?: string | null }) {
  return (
    <Status tone={stateTones[state]} title={detail ?? undefined}>
      {stateWords[state]}
    </Status>
  );
}

export function SyncStatus({ state, message }: { state: StatusState; message?: string | null }) {
  return (
    <Status tone={syncTones[state]} title={message ?? undefined}>
      {syncWords[state]}
    </Status>
  );
}

/** One tone and word for both: what is worst about a cluster. */
export function overallOf(cluster: { state: ClusterState; status: { state: StatusState } }): { tone: Tone; words: string } {
  if (cluster.state !== 'ready') return { tone: stateTones[cluster.state], words: stateWords[cluster.state] };
  return { tone: syncTones[cluster.status.state], words: syncWords[cluster.status.state] };
}
