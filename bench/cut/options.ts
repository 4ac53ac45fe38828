import { parseArgs } from 'node:util';

export interface Options {
  readonly trials: number;
  /** Of the directory; null: the company of the scene alone, some 300. */
  readonly people: number | null;
  /** Idle watches that are open meanwhile, spread over both clusters. */
  readonly watches: number;
  readonly doors: number;
}

export const usage = 'npm run bench -- [--trials 30] [--people 20000] [--watches 1000] [--doors 2]';

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trials: { type: 'string', default: '30' },
      people: { type: 'string' },
      watches: { type: 'string', default: '1000' },
      doors: { type: 'string', default: '2' },
    },
  });
  return {
    trials: whole(values.trials, 1),
    people: values.people === undefined ? null : whole(values.people, 1),
    watches: whole(values.watches, 0),
    doors: whole(values.doors, 1),
  };
}

function whole(text: string, least: number): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= least)) throw new Error(`${text} is not a whole number from ${least} on.\n${usage}`);
  return value;
}
