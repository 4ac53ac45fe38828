// The people and groups of corp.example, the company that demo, tests and benchmarks share: about 300 accounts, always the same ones.
// The named accounts tell the demo's story; the special ones are those that a directory sync gets wrong first.
import { createHash } from 'node:crypto';

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
  groups: { dn: string; attributes: Record<string, string>; members: string[] }[];
  /** Accounts that may read replication data, and with it tombstones. */
  replicators: string[];
}

export const domain = 'corp.example';
export const baseDn = 'DC=corp,DC=example';
export const serviceLogin = 'svc-gatehouse';
export const followerLogin = 'svc-gatehouse-dirsync';
/** Locked by really typing wrong passwords when the domain starts: a stored lock would have run out. */
export const lockedLogins = ['greta', 'oskar'];
export const lockoutThreshold = 5;

export const groupDns = {
  shopDevelopers: group('shop-developers'),
  teamShop: group('team-shop'),
  teamShopWeb: group('team-shop-web'),
  paymentsDevelopers: group('payments-developers'),
  platformAdmins: group('platform-admins'),
  auditors: group('auditors'),
  allStaff: group('all-staff'),
  empty: group('oncall-weekend'),
  distribution: group('news-all-hands'),
  cycle: [group('guild-frontend'), group('guild-design'), group('guild-research')],
} as const;

const normal = 0x200;
const disabled = 0x2;
const neverExpiringPassword = 0x10000;
const staffSize = 270;

const departments = {
  Engineering: ['Software Engineer', 'Senior Engineer', 'Site Reliability Engineer', 'Engineering Manager'],
  Payments: ['Payments Engineer', 'Risk Analyst', 'Product Manager'],
  Sales: ['Account Manager', 'Sales Lead', 'Solutions Consultant'],
  Finance: ['Controller', 'Accountant', 'Payroll Specialist'],
  People: ['Recruiter', 'People Partner'],
  Support: ['Support Engineer', 'Support Lead'],
} as const;
type Department = keyof typeof departments;
const cities = ['Berlin', 'Lisbon', 'Nairobi'] as const;
type City = (typeof cities)[number];

const firstNames =
  'Anna Ben Clara David Elena Felix Grace Hassan Ines Jonas Kira Leon Mina Noah Olga Paul Quinn Rosa Samir Tara Uwe Vera Wanda Xenia Yusuf Zara Amara Bruno Celia Diego Emil Fatou Gustav Hana Ivan Julia Karim Lena Marco Nadia'.split(
    ' ',
  );
const lastNames =
  'Abara Becker Costa Dietrich Eriksen Ferreira Gruber Hoffmann Ibrahim Jansen Kamau Lindqvist Martins Novak Otieno Pereira Quist Richter Santos Tanaka Ullmann Vogel Wanjiru Xu Yilmaz Zimmer Almeida Brunner Correia Duarte Engel Fischer Gomes Huber Keller Lopes Mwangi Neumann Odhiambo Pinto'.split(
    ' ',
  );

interface Profile {
  login: string;
  given: string;
  family: string;
  department: Department;
  city: City;
  title?: string;
  description?: string;
  unit?: string;
  /** When the common name is not "given family". */
  commonName?: string;
  upn?: string | null;
  control?: number;
  attributes?: Record<string, string>;
}

const named: Profile[] = [
  {
    login: 'alice',
    given: 'Alice',
    family: 'Brandt',
    department: 'Engineering',
    city: 'Berlin',
    description: 'Developer in shop, on both clusters',
  },
  {
    login: 'bob',
    given: 'Bob',
    family: 'Fernandes',
    department: 'Payments',
    city: 'Lisbon',
    description: 'Developer in payments, on east only',
  },
  {
    login: 'carol',
    given: 'Carol',
    family: 'Meyer',
    department: 'Engineering',
    city: 'Berlin',
    title: 'Platform Lead',
    description: 'Platform admin',
  },
  { login: 'dave', given: 'Dave', family: 'Okafor', department: 'Support', city: 'Nairobi', description: 'A personal grant with an end' },
  {
    login: 'erin',
    given: 'Erin',
    family: 'Sørensen',
    department: 'Finance',
    city: 'Lisbon',
    title: 'Internal Auditor',
    description: 'Reads everything but secrets',
  },
  { login: 'frank', given: 'Frank', family: 'Delgado', department: 'Sales', city: 'Lisbon', description: 'No access to any cluster' },
];

const special: Profile[] = [
  { login: 'greta', given: 'Greta', family: 'Holm', department: 'Engineering', city: 'Berlin', description: 'Locked by wrong passwords' },
  { login: 'oskar', given: 'Oskar', family: 'Wind', department: 'Sales', city: 'Berlin', description: 'Locked by wrong passwords' },
  {
    login: 'heidi',
    given: 'Heidi',
    family: 'Keller',
    department: 'Finance',
    city: 'Berlin',
    description: 'Account expired',
    attributes: { accountExpires: fileTime('2025-06-30') },
  },
  {
    login: 'ivar',
    given: 'Ivar',
    family: 'Dahl',
    department: 'Support',
    city: 'Nairobi',
    description: 'Account expired',
    attributes: { accountExpires: fileTime('2024-01-31') },
  },
  {
    login: 'judy',
    given: 'Judy',
    family: 'Marsh',
    department: 'People',
    city: 'Lisbon',
    description: 'Contract ends far away',
    attributes: { accountExpires: fileTime('2099-12-31') },
  },
  {
    login: 'kofi',
    given: 'Kofi',
    family: 'Annor',
    department: 'Sales',
    city: 'Nairobi',
    description: 'Must change the password',
    attributes: { pwdLastSet: '0' },
  },
  { login: 'joerg', given: 'Jörg', family: 'Müller', department: 'Engineering', city: 'Berlin', commonName: 'Müller, Jörg' },
  {
    login: 'oneill',
    given: 'Nuala',
    family: 'O’Neill',
    department: 'People',
    city: 'Lisbon',
    commonName: 'O’Neill, Nuala (HR+Legal) "Nu" #1',
  },
  { login: 'zoe', given: 'Zoë', family: 'Ångström', department: 'Engineering', city: 'Berlin', upn: 'zoë@corp.example' },
  { login: 'lzak', given: 'Łukasz', family: 'Żak', department: 'Payments', city: 'Lisbon' },
  { login: 'tyamada', given: '太郎', family: '山田', department: 'Sales', city: 'Berlin', commonName: '山田 太郎' },
  {
    login: 'nohost',
    given: 'Noor',
    family: 'Haddad',
    department: 'Support',
    city: 'Nairobi',
    upn: null,
    description: 'Has no user principal name',
  },
  { login: 'mixedcase', given: 'Max', family: 'Cäsar', department: 'Support', city: 'Berlin', upn: 'Max.Caesar@Corp.Example' },
];

const contractors: Profile[] = numbered(16, (n) => ({ ...filler(n + 400, `ext.`), unit: 'OU=Contractors', description: 'Contractor' }));
const leavers: Profile[] = numbered(12, (n) => ({
  ...filler(n + 700),
  unit: 'OU=Leavers',
  control: normal | disabled,
  description: 'Left the company',
}));
const services: Profile[] = [
  service(serviceLogin, 'Gatehouse directory sync'),
  service(followerLogin, 'Gatehouse directory sync with replication rights'),
];
const staff: Profile[] = numbered(staffSize - named.length - special.length, (n) => filler(n));
const everybody = [...named, ...special, ...staff, ...contractors, ...leavers, ...services];

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

/** One value of a distinguished name, as RFC 4514 wants it written. */
export function escapeDnValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^([ #])/, '\\$1')
    .replace(/ $/, '\\ ');
}

function units(): string[] {
  const perDepartment = Object.keys(departments).flatMap((department) => [
    `OU=${department},OU=People`,
    ...cities.map((city) => `OU=${city},OU=${department},OU=People`),
  ]);
  return ['OU=People', ...perDepartment, 'OU=Contractors', 'OU=Service', 'OU=Leavers', 'OU=Groups'].map((unit) => `${unit},${baseDn}`);
}

function groups(): Seed['groups'] {
  const logins = (profiles: Profile[]) => profiles.map((profile) => dnOf(profile));
  const [frontend, design, research] = groupDns.cycle;
  const byDepartment = Object.keys(departments).map((department) =>
    securityGroup(
      `dept-${department.toLowerCase()}`,
      logins([...named, ...special, ...staff].filter((one) => one.department === department)),
    ),
  );
  const byCity = cities.map((city) => securityGroup(`site-${city.toLowerCase()}`, logins(staff.filter((one) => one.city === city))));
  return [
    securityGroup('shop-developers', [groupDns.teamShop, group('shop-contractors')], 'May work in the shop'),
    securityGroup('team-shop', [groupDns.teamShopWeb, group('team-shop-backend')], 'Everybody who builds the shop'),
    securityGroup('team-shop-web', [dnByLogin('alice'), ...logins(staff.slice(0, 6))], 'Web team of the shop'),
    securityGroup('team-shop-backend', logins(staff.slice(6, 12)), 'Backend team of the shop'),
    securityGroup('shop-contractors', logins(contractors.slice(0, 4)), 'Contractors of the shop'),
    securityGroup('payments-developers', [dnByLogin('bob'), dnByLogin('lzak'), ...logins(staff.slice(20, 26))], 'May work on payments'),
    securityGroup('platform-admins', [dnByLogin('carol')], 'Run the platform'),
    securityGroup('auditors', [dnByLogin('erin')], 'Internal audit'),
    securityGroup('all-staff', logins([...named, ...special, ...staff]), 'Everybody employed'),
    securityGroup('oncall-weekend', [], 'Nobody, most of the time'),
    securityGroup('guild-frontend', [design, dnByLogin('alice')], 'A guild; the three guilds contain each other in a circle'),
    securityGroup('guild-design', [research, ...logins(staff.slice(30, 33))]),
    securityGroup('guild-research', [frontend, ...logins(staff.slice(33, 36))]),
    securityGroup('leavers-2025', logins(leavers)),
    {
      ...securityGroup('news-all-hands', [dnByLogin('dave'), dnByLogin('frank')]),
      attributes: groupAttributes('news-all-hands', '2', 'A mailing list, no security group'),
    },
    ...byDepartment,
    ...byCity,
    securityGroup(
      'all-departments',
      byDepartment.map(({ dn }) => dn),
    ),
  ];
}

const globalSecurity = String(0x80000002 | 0);

function securityGroup(name: string, members: string[], description?: string): Seed['groups'][number] {
  return { dn: group(name), members, attributes: groupAttributes(name, globalSecurity, description) };
}

function groupAttributes(name: string, groupType: string, description?: string): Record<string, string> {
  return { sAMAccountName: name, groupType, ...(description && { description }) };
}

function group(name: string): string {
  return `CN=${name},OU=Groups,${baseDn}`;
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

function dnByLogin(login: string): string {
  const profile = everybody.find((one) => one.login === login);
  if (!profile) throw new Error(`nobody in ${domain} is called ${login}`);
  return dnOf(profile);
}

function dnOf(profile: Profile): string {
  const unit = profile.unit ?? `OU=${profile.city},OU=${profile.department},OU=People`;
  return `CN=${escapeDnValue(commonNameOf(profile))},${unit},${baseDn}`;
}

function commonNameOf(profile: Profile): string {
  return profile.commonName ?? displayNameOf(profile);
}

function displayNameOf({ given, family }: Profile): string {
  return `${given} ${family}`.trim();
}

function upnOf({ login, upn }: Profile): string | null {
  return upn === undefined ? `${login}@${domain}` : upn;
}

function attributesOf(profile: Profile): Record<string, string> {
  const { login, given, family, department, city, description, control = normal, attributes } = profile;
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

/** Colleague number n: every first name meets every last name once before a pair comes again. */
function filler(n: number, prefix = ''): Profile {
  const given = firstNames[n % firstNames.length] ?? '';
  const family = lastNames[(n * 7 + Math.floor(n / firstNames.length)) % lastNames.length] ?? '';
  const names = Object.keys(departments) as Department[];
  const department = names[n % names.length] ?? 'Engineering';
  const city = cities[Math.floor(n / names.length) % cities.length] ?? 'Berlin';
  return { login: `${prefix}${given}.${family}`.toLowerCase().slice(0, 20), given, family, department, city };
}

function service(login: string, description: string): Profile {
  const control = normal | neverExpiringPassword;
  return { login, given: login, family: '', department: 'Engineering', city: 'Berlin', unit: 'OU=Service', description, control };
}

function numbered<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

function fileTime(day: string): string {
  return String((BigInt(Date.parse(day)) + 11_644_473_600_000n) * 10_000n);
}
