import { parseArgs } from 'node:util';

export interface Options {
  readonly people: number;
  readonly groups: number;
  readonly memberships: number;
  /** Of the measurements by name, those to make; empty = all. */
  readonly only: readonly string[];
  /** Where the worker's process writes a CPU profile. */
  readonly profile: string | null;
}

export const usage =
  'npm run bench:directory -- [--people 100000] [--groups 20000] [--memberships 1500000] [--only read,again,disable,closure,delta,search,idle] [--profile folder]';

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      people: { type: 'string', default: '100000' },
      groups: { type: 'string' },
      memberships: { type: 'string' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
    },
  });
  const people = positive(values.people);
  return {
    people,
    groups: positive(values.groups ?? String(Math.round(people / 5))),
    memberships: positive(values.memberships ?? String(people * 15)),
    only: values.only.split(',').filter(Boolean),
    profile: values.profile ?? null,
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new Error(`${text} is not a whole number above zero.\n${usage}`);
  return value;
}
