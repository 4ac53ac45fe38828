// Who works at Corp Example: about 300 accounts, always the same ones. The named accounts tell the demo's story; the special ones are
// those that a directory sync gets wrong first.

export const serviceLogin = 'svc-gatehouse';
export const followerLogin = 'svc-gatehouse-dirsync';
/** Locked by really typing wrong passwords when the domain starts: a stored lock would have run out. */
export const lockedLogins = ['greta', 'oskar'];

export const normalAccount = 0x200;
const disabled = 0x2;
const neverExpiringPassword = 0x10000;
const staffSize = 270;

export const departments = {
  Engineering: ['Software Engineer', 'Senior Engineer', 'Site Reliability Engineer', 'Engineering Manager'],
  Payments: ['Payments Engineer', 'Risk Analyst', 'Product Manager'],
  Sales: ['Account Manager', 'Sales Lead', 'Solutions Consultant'],
  Finance: ['Controller', 'Accountant', 'Payroll Specialist'],
  People: ['Recruiter', 'People Partner'],
  Support: ['Support Engineer', 'Support Lead'],
} as const;
export type Department = keyof typeof departments;
export const cities = ['Berlin', 'Lisbon', 'Nairobi'] as const;
type City = (typeof cities)[number];

const firstNames =
  'Anna Ben Clara David Elena Felix Grace Hassan Ines Jonas Kira Leon Mina Noah Olga Paul Quinn Rosa Samir Tara Uwe Vera Wanda Xenia Yusuf Zara Amara Bruno Celia Diego Emil Fatou Gustav Hana Ivan Julia Karim Lena Marco Nadia'.split(
    ' ',
  );
const lastNames =
  'Abara Becker Costa Dietrich Eriksen Ferreira Gruber Hoffmann Ibrahim Jansen Kamau Lindqvist Martins Novak Otieno Pereira Quist Richter Santos Tanaka Ullmann Vogel Wanjiru Xu Yilmaz Zimmer Almeida Brunner Correia Duarte Engel Fischer Gomes Huber Keller Lopes Mwangi Neumann Odhiambo Pinto'.split(
    ' ',
  );

export interface Profile {
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

export const named: Profile[] = [
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

export const special: Profile[] = [
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

export const contractors: Profile[] = numbered(16, (n) => ({
  ...filler(n + 400, `ext.`),
  unit: 'OU=Contractors',
  description: 'Contractor',
}));
export const leavers: Profile[] = numbered(12, (n) => ({
  ...filler(n + 700),
  unit: 'OU=Leavers',
  control: normalAccount | disabled,
  description: 'Left the company',
}));
const services: Profile[] = [
  service(serviceLogin, 'Gatehouse directory sync'),
  service(followerLogin, 'Gatehouse directory sync with replication rights'),
];
export const staff: Profile[] = numbered(staffSize - named.length - special.length, (n) => filler(n));
export const everybody = [...named, ...special, ...staff, ...contractors, ...leavers, ...services];

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
  const control = normalAccount | neverExpiringPassword;
  return { login, given: login, family: '', department: 'Engineering', city: 'Berlin', unit: 'OU=Service', description, control };
}

function numbered<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

function fileTime(day: string): string {
  return String((BigInt(Date.parse(day)) + 11_644_473_600_000n) * 10_000n);
}
