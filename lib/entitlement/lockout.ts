/** Whether an account that the directory locked still is: the end of a lock comes by the clock, without any change in the directory. */
export interface Lock {
  readonly lockedAtMs: number | null;
  /** How long a lock lasts in this domain; 0 and unknown leave it standing until it is lifted. */
  readonly lastsSeconds: number | null;
}

export function isLocked({ lockedAtMs, lastsSeconds }: Lock, now: Date): boolean {
  if (lockedAtMs === null) return false;
  return lastsSeconds === null || lastsSeconds <= 0 || now.getTime() < lockedAtMs + lastsSeconds * 1_000;
}
