import { parseArgs } from 'node:util';

export interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly watches: number;
  readonly requests: number;
  readonly cp: boolean;
  /** Of the measurements by name, those to make; empty = all. */
  readonly only: readonly string[];
  /** Where the door's process writes a CPU profile. */
  readonly profile: string | null;
}

export const usage = `npm run bench:proxy -- [--seconds 4] [--rounds 3] [--watches 2000] [--requests 100000] [--cp] [--only get,one,half,large,watches,namespaces,memory,share] [--profile folder]`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      watches: { type: 'string', default: '2000' },
      requests: { type: 'string', default: '100000' },
      cp: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
    },
  });
  return {
    seconds: positive(values.seconds),
    rounds: positive(values.rounds),
    watches: positive(values.watches),
    requests: positive(values.requests),
    cp: values.cp,
    only: values.only.split(',').filter(Boolean),
    profile: values.profile ?? null,
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${text} is not a number above zero.\n${usage}`);
  return value;
}
