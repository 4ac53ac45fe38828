/**
 * What a directory is, said a second time and as simply as it can be said: people, groups, who is in which. It knows nothing of how the
 * product works; a random run performs each operation on it and on a real domain, and both must come to the same.
 */

export interface ModelPerson {
  readonly key: string;
  guid: string;
  name: string;
  unit: string;
  disabled: boolean;
  expiresAt: number | null;
  locked: boolean;
  deleted: boolean;
  /** Null: Domain Users. */
  primary: string | null;
  /** Whether it ever was in a state that ends what a person holds for good; whether in any that ends sessions. */
  everEnded: boolean;
  everLoggedOut: boolean;
}

export interface ModelGroup {
  readonly key: string;
  guid: string;
  rid: number;
  name: string;
  security: boolean;
  deleted: boolean;
  readonly members: Set<string>;
}

export interface Unit {
  name: string;
  readonly parent: string;
  readonly inScope: boolean;
}

export interface Model {
  readonly people: Map<string, ModelPerson>;
  readonly groups: Map<string, ModelGroup>;
  readonly units: Map<string, Unit>;
}

export type State = 'out-of-scope' | 'disabled' | 'expired' | 'locked' | 'enabled';

export function unitDn({ units }: Model, key: string): string {
  const unit = units.get(key);
  if (!unit) throw new Error(`no unit ${key}`);
  return `OU=${unit.name},${unit.parent}`;
}

export function personDn(model: Model, { name, unit }: ModelPerson): string {
  return `CN=${name},${unitDn(model, unit)}`;
}

export function groupDn(model: Model, { name }: ModelGroup): string {
  return `CN=${name},${unitDn(model, 'groups')}`;
}

export function livingPeople({ people }: Model): ModelPerson[] {
  return [...people.values()].filter(({ deleted }) => !deleted);
}

export function livingGroups({ groups }: Model): ModelGroup[] {
  return [...groups.values()].filter(({ deleted }) => !deleted);
}

export function stateOf(model: Model, person: ModelPerson, at: number): State {
  if (!model.units.get(person.unit)?.inScope) return 'out-of-scope';
  if (person.disabled) return 'disabled';
  if (person.expiresAt !== null && person.expiresAt <= at) return 'expired';
  return person.locked ? 'locked' : 'enabled';
}

/** Every security group that a person is in, in whatever way; what only a distribution group leads to is not among them. */
export function groupsOf(model: Model, person: ModelPerson): Set<string> {
  const found = new Set<string>();
  const waiting = [person.key];
  for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
    for (const group of livingGroups(model)) {
      const holds = group.members.has(member) || (member === person.key && person.primary === group.key);
      if (!holds || !group.security || found.has(group.key)) continue;
      found.add(group.key);
      waiting.push(group.key);
    }
  }
  return found;
}

/** The direct links of a group, as `member` or `member primary`. */
export function linksOf(model: Model, group: ModelGroup): string[] {
  const primary = livingPeople(model).filter((person) => person.primary === group.key);
  return [...group.members, ...primary.map(({ key }) => `${key} primary`)];
}
