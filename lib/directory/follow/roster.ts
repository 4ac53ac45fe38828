/** Which of a directory's domain controllers are followed, and which one is to lead: pure, by order of preference and by who answers. */
import type { DomainController } from '../types.ts';

/** So many are followed at a time: each sees what reaches it first, and each costs its server a question five times a second. */
export const followedAtMost = 3;

/** The shortest beginning of the list in which enough answer: one that does not answer is kept trying, and the next stands in for it. */
export function whoIsFollowed(
  inPreference: readonly string[],
  isUnreachable: (id: string) => boolean,
  atMost: number = followedAtMost,
): string[] {
  const followed: string[] = [];
  let answering = 0;
  for (const id of inPreference) {
    if (answering >= atMost) break;
    followed.push(id);
    if (!isUnreachable(id)) answering += 1;
  }
  return followed;
}

const resumableForMs = 24 * 3_600_000;

/** Whoever led last goes on where it stood; anybody else has to read everything first. Without such a one, the most preferred. */
export function favouriteOf(inPreference: readonly Pick<DomainController, 'id' | 'fullReadAt' | 'freshAt'>[], now: number): string | null {
  const resumable = inPreference
    .filter(({ fullReadAt }) => fullReadAt !== null && now - fullReadAt.getTime() < resumableForMs)
    .toSorted((one, other) => (other.freshAt?.getTime() ?? 0) - (one.freshAt?.getTime() ?? 0));
  return (resumable[0] ?? inPreference[0])?.id ?? null;
}
