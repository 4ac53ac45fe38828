/** Passwords that nobody chooses, and what is kept of them: argon2id with its parameters beside it, so that they can grow with the machines. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { fault } from '#lib/errors/fault.ts';

const derive = promisify(argon2);

export interface Cost {
  /** In KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** Above the least that OWASP names for argon2id (19 MiB, two passes); the password's own 125 bits do the rest. */
export const presentCost: Cost = { memory: 32_768, passes: 2, parallelism: 1 };

const hashBytes = 32;
const base64 = z.base64();

export const passwordHash = z.object({
  algorithm: z.literal('argon2id'),
  memory: z.number().int().min(19_456),
  passes: z.number().int().min(2),
  parallelism: z.number().int().min(1),
  salt: base64,
  hash: base64,
});
export type PasswordHash = z.output<typeof passwordHash>;

/** 32 of them, without look-alikes: each letter is 5 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
const groups = 5;
const lettersInGroup = 5;

/** 125 bits in groups that can be written down, read out and typed. */
export function newPassword(): string {
  const letters = [...randomBytes(groups * lettersInGroup)].map((byte) => alphabet[byte & 31]).join('');
  return Array.from({ length: groups }, (_, n) => letters.slice(n * lettersInGroup, (n + 1) * lettersInGroup)).join('-');
}

export async function hashPassword(password: string, cost: Cost = presentCost): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const hash = await inTurn(() => hashOf(password, salt, cost));
  return { algorithm: 'argon2id', ...cost, salt: salt.toString('base64'), hash: hash.toString('base64') };
}

export async function isPassword(password: string, { salt, hash, memory, passes, parallelism }: PasswordHash): Promise<boolean> {
  const found = await inTurn(() => hashOf(password, Buffer.from(salt, 'base64'), { memory, passes, parallelism }));
  return timingSafeEqual(found, Buffer.from(hash, 'base64'));
}

/** What a name that means nobody is compared with: as much work, and never a match. */
export function nobodysHash(): PasswordHash {
  const random = (bytes: number) => randomBytes(bytes).toString('base64');
  return { algorithm: 'argon2id', ...presentCost, salt: random(16), hash: random(hashBytes) };
}

export function isOutdated({ memory, passes, parallelism }: PasswordHash): boolean {
  return memory !== presentCost.memory || passes !== presentCost.passes || parallelism !== presentCost.parallelism;
}

/** Whoever types it from paper may leave out the hyphens and begin in upper case. */
function hashOf(password: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
  const message = password.toLowerCase().replaceAll(/[\s-]/g, '');
  return derive('argon2id', { message, nonce, tagLength: hashBytes, ...cost });
}

const waitingMax = 16;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** One at a time in a process: a flood of tries must cost neither its memory nor the threads that others wait for. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting >= waitingMax) {
    throw fault('too-many', 'break-glass.busy', 'Too many tries at once. Try again in a moment.', { retryAfterSeconds: 5 });
  }
  waiting += 1;
  const mine = last.then(work, work);
  last = mine.catch(() => {});
  try {
    return await mine;
  } finally {
    waiting -= 1;
  }
}
