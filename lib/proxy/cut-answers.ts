import { type Answer, directoryNotFresh, leaseOver, noSuchCluster, stopping, unauthenticated, watchSetChanged } from './answers.ts';
import type { CutReason } from './streams.ts';

/** What a request hears that was cut before its answer had begun: what it would hear if it came now. */
export function answerForCut(reason: CutReason): Answer {
  if (reason === 'lease-over') return leaseOver();
  if (reason === 'stopping') return stopping();
  if (reason === 'directory-not-fresh') return directoryNotFresh(15);
  if (reason === 'namespaces-changed') return watchSetChanged();
  if (reason === 'cluster-removed' || reason === 'right-withdrawn') return noSuchCluster();
  return unauthenticated(reason);
}

/** One sentence for a person in the middle of a shell. */
export function sentenceForCut(reason: CutReason): string {
  if (reason === 'lease-over' || reason === 'directory-not-fresh') return 'Gatehouse cannot confirm your access at the moment.';
  if (reason === 'stopping') return 'This door is restarting; connect again.';
  if (reason === 'namespaces-changed') return 'The namespaces you may see have changed.';
  if (reason === 'right-withdrawn') return 'Your access here has changed; connect again.';
  return 'Your access has ended.';
}
