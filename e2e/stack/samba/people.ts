// The company of corp.example, as the domain is filled with it and as demo and tests address it.
import { createHash } from 'node:crypto';
import { groups, type SeedGroup } from './groups.ts';
import { baseDn, displayNameOf, dnByLogin, dnOf, domain, upnOf } from './names.ts';
import { cities, departments, everybody, followerLogin, normalAccount, type Profile } from './roster.ts';

export const lockoutThreshold = 5;

export interface Account {
  login: string;
  dn: string;
  /** The account that has none written down gets the one that AD accepts anyway. */
  upn: string;
  password: string;
  displayName: string;
  description?: string;
}

export interface Seed {
  lockoutThreshold: number;
  units: string[];
  people: { dn: string; password: string; attributes: Record<string, string> }[];
  groups: SeedGroup[];
  /** Accounts that may read replication data, and with it tombstones. */
  replicators: string[];
}

export const accounts: Record<string, Account> = Object.fromEntries(everybody.map((profile) => [profile.login, accountOf(profile)]));

export function seed(): Seed {
  return {
    lockoutThreshold,
    units: units(),
    people: everybody.map((profile) => ({ dn: dnOf(profile), password: passwordFor(profile.login), attributes: attributesOf(profile) })),
    groups: groups(),
    replicators: [dnByLogin(followerLogin)],
  };
}

/** Known to everybody who reads this file; the domain lives on a loopback address. */
export function passwordFor(login: string): string {
  const first = ['Copper', 'Velvet', 'Granite', 'Amber', 'Willow', 'Harbour', 'Cobalt', 'Saffron'];
  const second = ['lantern', 'orchard', 'compass', 'meadow', 'thimble', 'beacon', 'pebble', 'sparrow'];
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(`password of ${login}`).digest();
  return `${first[a % first.length]}-${second[b % second.length]}-${10 + (c % 90)}`;
}

function units(): string[] {
  const perDepartment = Object.keys(departments).flatMap((department) => [
    `OU=${department},OU=People`,
    ...cities.map((city) => `OU=${city},OU=${department},OU=People`),
  ]);
  return ['OU=People', ...perDepartment, 'OU=Contractors', 'OU=Service', 'OU=Leavers', 'OU=Groups'].map((unit) => `${unit},${baseDn}`);
}

function accountOf(profile: Profile): Account {
  const { login, description } = profile;
  const account = {
    login,
    dn: dnOf(profile),
    upn: upnOf(profile) ?? `${login}@${domain}`,
    password: passwordFor(login),
    displayName: displayNameOf(profile),
  };
  return description ? { ...account, description } : account;
}

function attributesOf(profile: Profile): Record<string, string> {
  const { login, given, family, department, city, description, control = normalAccount, attributes } = profile;
  const titles = departments[department];
  const title = profile.title ?? titles[login.length % titles.length] ?? titles[0];
  const upn = upnOf(profile);
  const person = {
    givenName: given,
    ...(family && { sn: family }),
    mail: `${login}@${domain}`,
    title,
    department,
    l: city,
    company: 'Corp Example',
  };
  return {
    sAMAccountName: login,
    displayName: displayNameOf(profile),
    userAccountControl: String(control),
    ...(upn && { userPrincipalName: upn }),
    ...(profile.unit === 'OU=Service' ? {} : person),
    ...(description && { description }),
    ...attributes,
  };
}
