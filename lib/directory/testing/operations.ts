/** One random operation after another: what it does to the model, and how an administrator does the same over LDAP. */
import { Attribute, Change, type Client } from 'ldapts';
import { tryWrongPassword } from '#e2e/stack/samba/administrator.ts';
import type { Directory } from '#e2e/stack/samba.ts';
import { guidFromBytes } from '../active-directory/guid.ts';
import { fileTimeOf } from './file-time.ts';
import { groupDn, livingGroups, livingPeople, type Model, type ModelGroup, type ModelPerson, personDn, unitDn } from './model.ts';
import type { Random } from './random.ts';

export interface Operation {
  readonly text: string;
  /** On the model; called first, and gives what is to be done over LDAP, with names as they were before. */
  perform(): () => Promise<void>;
}

export interface Ground {
  readonly ad: Directory;
  readonly client: Client;
  readonly model: Model;
  readonly random: Random;
  readonly names: Names;
}

/** Names to give; those that came free are given again. */
export interface Names {
  fresh(): string;
  giveBack(name: string): void;
  formerOrFresh(random: Random): string;
  /** Both domain controllers know the same. */
  agreed(): void;
}

/**
 * `restsUntilAgreed`: a name that one domain controller gives again in the same breath in which it came free may reach the other one before it is
 * free there. Such a conflict they settle by giving somebody another name, and that is no subject here.
 */
export function createNames(prefix: string, { restsUntilAgreed }: { restsUntilAgreed: boolean }): Names {
  const free: string[] = [];
  const resting: string[] = [];
  let n = 0;
  const fresh = () => `${prefix}${++n}`;
  return {
    fresh,
    giveBack: (name) => void (restsUntilAgreed ? resting : free).push(name),
    agreed: () => void free.push(...resting.splice(0)),
    formerOrFresh: (random) =>
      free.length > 0 && random.chance(0.5) ? (free.splice(random.below(free.length), 1)[0] ?? fresh()) : fresh(),
  };
}

const peopleMax = 40;
const groupsMax = 14;
const wrongPasswords = 5;
const groupPrefix = 'grp-';
const [securityGroup, distributionGroup] = [String(0x80000002 | 0), '2'];
const domainUsersRid = '513';

type Maker = (ground: Ground) => Operation | null;

/** How often each is tried, against the others. */
const makers: readonly (readonly [number, Maker])[] = [
  [5, createPerson],
  [8, disable],
  [8, enable],
  [4, deletePerson],
  [3, replacePerson],
  [6, renamePerson],
  [5, movePerson],
  [5, expire],
  [3, expireNever],
  [3, lock],
  [3, unlock],
  [4, changePassword],
  [12, addPerson],
  [10, removePerson],
  [7, nest],
  [6, unnest],
  [3, changePrimary],
  [3, createGroup],
  [2, deleteGroup],
  [2, renameGroup],
  [2, changeKind],
  [1, renameUnit],
];
const asOftenAsWeighed = makers.flatMap(([weight, make]) => Array<Maker>(weight).fill(make));

export function nextOperation(ground: Ground): Operation {
  for (;;) {
    const operation = ground.random.pick(asOftenAsWeighed)?.(ground);
    if (operation) return operation;
  }
}

// ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function createPerson({ ad, client, model, random, names }: Ground): Operation | null {
  if (livingPeople(model).length >= peopleMax) return null;
  const name = names.formerOrFresh(random);
  const unit = random.pick([...model.units.keys()].filter((key) => key !== 'groups')) ?? '';
  const person = newPerson(model, name, unit);
  return {
    text: `create ${person.key} as ${name} in ${unit}`,
    perform() {
      model.people.set(person.key, person);
      return () => addPersonTo({ ad, client, model }, person);
    },
  };
}

function newPerson({ people }: Model, name: string, unit: string): ModelPerson {
  const none = { disabled: false, expiresAt: null, locked: false, deleted: false, primary: null, everEnded: false, everLoggedOut: false };
  return { key: `u${people.size + 1}`, guid: '', name, unit, ...none };
}

async function addPersonTo({ ad, client, model }: Pick<Ground, 'ad' | 'client' | 'model'>, person: ModelPerson): Promise<void> {
  const { dn } = await ad.createUser({ login: person.name, displayName: person.name, unit: unitDn(model, person.unit) });
  person.guid = (await identityOf(client, dn)).guid;
}

function disable({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ disabled }) => !disabled));
  return person ? setControl(client, model, person, true) : null;
}

function enable({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ disabled }) => disabled));
  return person ? setControl(client, model, person, false) : null;
}

function setControl(client: Client, model: Model, person: ModelPerson, disabled: boolean): Operation {
  return {
    text: `${disabled ? 'disable' : 'enable'} ${person.key}`,
    perform() {
      person.disabled = disabled;
      // Whoever writes an account's control bits lifts its lock: so says AD (MS-SAMR), and Samba does.
      person.locked = false;
      if (disabled) noteEnded(person);
      const dn = personDn(model, person);
      return () => replace(client, dn, { userAccountControl: disabled ? '514' : '512' });
    },
  };
}

function deletePerson({ client, model, random, names }: Ground): Operation | null {
  const person = random.pick(livingPeople(model));
  if (!person) return null;
  return {
    text: `delete ${person.key} (${person.name})`,
    perform() {
      const dn = personDn(model, person);
      forgetPerson(model, person);
      names.giveBack(person.name);
      return () => client.del(dn);
    },
  };
}

function replacePerson({ ad, client, model, random }: Ground): Operation | null {
  const former = random.pick(livingPeople(model));
  if (!former) return null;
  const person = newPerson(model, former.name, former.unit);
  return {
    text: `delete ${former.key} and create ${person.key} as ${former.name}`,
    perform() {
      const dn = personDn(model, former);
      forgetPerson(model, former);
      model.people.set(person.key, person);
      return async () => {
        await client.del(dn);
        await addPersonTo({ ad, client, model }, person);
      };
    },
  };
}

function forgetPerson({ groups }: Model, person: ModelPerson): void {
  person.deleted = true;
  noteEnded(person);
  for (const { members } of groups.values()) members.delete(person.key);
}

function renamePerson({ ad, client, model, random, names }: Ground): Operation | null {
  const person = random.pick(livingPeople(model));
  if (!person) return null;
  const name = names.formerOrFresh(random);
  return {
    text: `rename ${person.key} from ${person.name} to ${name}`,
    perform() {
      const dn = personDn(model, person);
      names.giveBack(person.name);
      person.name = name;
      const newDn = personDn(model, person);
      return async () => {
        await replace(client, dn, { sAMAccountName: name, userPrincipalName: `${name}@${ad.domain}`, displayName: name });
        await client.modifyDN(dn, newDn);
      };
    },
  };
}

function movePerson({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model));
  const unit = random.pick([...model.units.keys()].filter((key) => key !== 'groups' && key !== person?.unit));
  if (!person || !unit) return null;
  return {
    text: `move ${person.key} to ${unit}`,
    perform() {
      const dn = personDn(model, person);
      person.unit = unit;
      if (!model.units.get(unit)?.inScope) noteEnded(person);
      const newDn = personDn(model, person);
      return () => client.modifyDN(dn, newDn);
    },
  };
}

function expire({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model));
  if (!person) return null;
  const inMs = random.pick([-60_000, 300, 1_000, 3_000]) ?? 0;
  return {
    text: `let ${person.key} expire in ${inMs} ms`,
    perform() {
      const end = Date.now() + inMs;
      person.expiresAt = end;
      noteEnded(person);
      const dn = personDn(model, person);
      return () => replace(client, dn, { accountExpires: fileTimeOf(new Date(end)) });
    },
  };
}

function expireNever({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ expiresAt }) => expiresAt !== null));
  if (!person) return null;
  return {
    text: `let ${person.key} expire never`,
    perform() {
      person.expiresAt = null;
      const dn = personDn(model, person);
      return () => replace(client, dn, { accountExpires: '0' });
    },
  };
}

/** Only who could sign in is locked by not being able to. */
function lock({ ad, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ disabled, expiresAt, locked }) => !disabled && expiresAt === null && !locked));
  if (!person) return null;
  return {
    text: `lock ${person.key}`,
    perform() {
      person.locked = true;
      person.everLoggedOut = true;
      const dn = personDn(model, person);
      return () => tryWrongPassword(ad, dn, wrongPasswords);
    },
  };
}

function unlock({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ locked }) => locked));
  if (!person) return null;
  return {
    text: `unlock ${person.key}`,
    perform() {
      person.locked = false;
      const dn = personDn(model, person);
      return () => replace(client, dn, { lockoutTime: '0' });
    },
  };
}

function changePassword({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model).filter(({ locked }) => !locked));
  if (!person) return null;
  const password = `Lantern-Copper-${random.below(1_000_000)}`;
  return {
    text: `change the password of ${person.key}`,
    perform() {
      person.everLoggedOut = true;
      const dn = personDn(model, person);
      return () => change(client, dn, 'replace', 'unicodePwd', Buffer.from(`"${password}"`, 'utf16le'));
    },
  };
}

function noteEnded(person: ModelPerson): void {
  person.everEnded = true;
  person.everLoggedOut = true;
}

// ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function addPerson({ client, model, random }: Ground): Operation | null {
  const group = random.pick(livingGroups(model));
  const person = random.pick(livingPeople(model).filter(({ key, primary }) => group && primary !== group.key && !group.members.has(key)));
  if (!group || !person) return null;
  return link(client, model, group, person.key, personDn(model, person), 'add');
}

function removePerson({ client, model, random }: Ground): Operation | null {
  const group = random.pick(livingGroups(model));
  const person = random.pick(livingPeople(model).filter(({ key }) => group?.members.has(key)));
  if (!group || !person) return null;
  return link(client, model, group, person.key, personDn(model, person), 'delete');
}

/** In circles too. */
function nest({ client, model, random }: Ground): Operation | null {
  const [group, inner] = [random.pick(livingGroups(model)), random.pick(livingGroups(model))];
  if (!group || !inner || group === inner || group.members.has(inner.key)) return null;
  return link(client, model, group, inner.key, groupDn(model, inner), 'add');
}

function unnest({ client, model, random }: Ground): Operation | null {
  const group = random.pick(livingGroups(model));
  const inner = random.pick(livingGroups(model).filter(({ key }) => group?.members.has(key)));
  if (!group || !inner) return null;
  return link(client, model, group, inner.key, groupDn(model, inner), 'delete');
}

function link(client: Client, model: Model, group: ModelGroup, member: string, memberDn: string, what: 'add' | 'delete'): Operation {
  return {
    text: `${what} ${member} ${what === 'add' ? 'to' : 'from'} ${group.key}`,
    perform() {
      if (what === 'add') group.members.add(member);
      else group.members.delete(member);
      const dn = groupDn(model, group);
      return () => change(client, dn, what, 'member', memberDn);
    },
  };
}

/** The domain itself makes the former one an ordinary membership, and the new one none. */
function changePrimary({ client, model, random }: Ground): Operation | null {
  const person = random.pick(livingPeople(model));
  if (!person) return null;
  const former = model.groups.get(person.primary ?? '');
  const group = random.pick([null, ...livingGroups(model).filter(({ security, key }) => security && key !== former?.key)]);
  if (group === undefined || (group === null && !former)) return null;
  return {
    text: `make ${group?.key ?? 'Domain Users'} the primary group of ${person.key}`,
    perform() {
      const isMember = group === null || group.members.has(person.key);
      if (former) former.members.add(person.key);
      group?.members.delete(person.key);
      person.primary = group?.key ?? null;
      const dn = personDn(model, person);
      const dnOfGroup = group ? groupDn(model, group) : '';
      return async () => {
        if (!isMember) await change(client, dnOfGroup, 'add', 'member', dn);
        await replace(client, dn, { primaryGroupID: group ? String(group.rid) : domainUsersRid });
      };
    },
  };
}

export function createGroup({ client, model, random, names }: Ground): Operation | null {
  if (livingGroups(model).length >= groupsMax) return null;
  const members = [...livingPeople(model), ...livingGroups(model)].filter(() => random.chance(0.2));
  const name = `${groupPrefix}${names.formerOrFresh(random)}`;
  const group: ModelGroup = {
    key: `g${model.groups.size + 1}`,
    guid: '',
    rid: 0,
    name,
    security: random.chance(0.85),
    deleted: false,
    members: new Set(members.map(({ key }) => key)),
  };
  return {
    text: `create ${group.key} as ${name}${group.security ? '' : ' (distribution)'} with ${[...group.members].join(' ')}`,
    perform() {
      model.groups.set(group.key, group);
      const member = members.map((one) => ('unit' in one ? personDn(model, one) : groupDn(model, one)));
      const dn = groupDn(model, group);
      return async () => {
        const attributes = { objectClass: 'group', sAMAccountName: name, groupType: group.security ? securityGroup : distributionGroup };
        await client.add(dn, member.length > 0 ? { ...attributes, member } : attributes);
        Object.assign(group, await identityOf(client, dn));
      };
    },
  };
}

function deleteGroup({ client, model, random, names }: Ground): Operation | null {
  const group = random.pick(livingGroups(model).filter(({ key }) => !isPrimaryOfSomebody(model, key)));
  if (!group) return null;
  return {
    text: `delete ${group.key}`,
    perform() {
      const dn = groupDn(model, group);
      group.deleted = true;
      names.giveBack(group.name.slice(groupPrefix.length));
      for (const { members } of model.groups.values()) members.delete(group.key);
      group.members.clear();
      return () => client.del(dn);
    },
  };
}

function renameGroup({ client, model, random, names }: Ground): Operation | null {
  const group = random.pick(livingGroups(model));
  if (!group) return null;
  const name = `${groupPrefix}${names.fresh()}`;
  return {
    text: `rename ${group.key} to ${name}`,
    perform() {
      const dn = groupDn(model, group);
      group.name = name;
      const newDn = groupDn(model, group);
      return async () => {
        await replace(client, dn, { sAMAccountName: name });
        await client.modifyDN(dn, newDn);
      };
    },
  };
}

function changeKind({ client, model, random }: Ground): Operation | null {
  const group = random.pick(livingGroups(model).filter(({ key }) => !isPrimaryOfSomebody(model, key)));
  if (!group) return null;
  const security = !group.security;
  return {
    text: `make ${group.key} a ${security ? 'security' : 'distribution'} group`,
    perform() {
      group.security = security;
      const dn = groupDn(model, group);
      return () => replace(client, dn, { groupType: security ? securityGroup : distributionGroup });
    },
  };
}

function isPrimaryOfSomebody(model: Model, key: string): boolean {
  return livingPeople(model).some(({ primary }) => primary === key);
}

/** Everybody in it lies elsewhere then, and no one of them is reported as changed. */
function renameUnit({ client, model, random, names }: Ground): Operation | null {
  const [key, unit] = random.pick([...model.units].filter(([name]) => name !== 'groups')) ?? [];
  if (!key || !unit) return null;
  const name = `unit-${names.fresh()}`;
  return {
    text: `rename the unit ${key}`,
    perform() {
      const dn = unitDn(model, key);
      unit.name = name;
      const newDn = unitDn(model, key);
      return () => client.modifyDN(dn, newDn);
    },
  };
}

// ── LDAP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function replace(client: Client, dn: string, values: Record<string, string>): Promise<void> {
  await client.modify(
    dn,
    Object.entries(values).map(
      ([type, value]) => new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }),
    ),
  );
}

async function change(
  client: Client,
  dn: string,
  operation: 'add' | 'delete' | 'replace',
  type: string,
  value: string | Buffer,
): Promise<void> {
  const modification = new Attribute({ type, values: typeof value === 'string' ? [value] : [value] });
  await client.modify(dn, [new Change({ operation, modification })]);
}

async function identityOf(client: Client, dn: string): Promise<{ guid: string; rid: number }> {
  const { searchEntries } = await client.search(dn, {
    scope: 'base',
    attributes: ['objectGUID', 'objectSid'],
    explicitBufferAttributes: ['objectGUID', 'objectSid'],
  });
  const [entry] = searchEntries;
  const [objectGUID, objectSid] = [entry?.objectGUID, entry?.objectSid];
  if (!Buffer.isBuffer(objectGUID) || !Buffer.isBuffer(objectSid)) throw new Error(`${dn} has no identity`);
  return { guid: guidFromBytes(objectGUID), rid: objectSid.readUInt32LE(objectSid.length - 4) };
}
