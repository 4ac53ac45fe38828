// The groups of corp.example: those that the demo gives access to, and the shapes that a directory sync gets wrong first.
import { dnByLogin, dnOf, groupDn } from './names.ts';
import { cities, contractors, departments, leavers, named, type Profile, special, staff } from './roster.ts';

export interface SeedGroup {
  dn: string;
  attributes: Record<string, string>;
  members: string[];
}

export const groupDns = {
  shopDevelopers: groupDn('shop-developers'),
  teamShop: groupDn('team-shop'),
  teamShopWeb: groupDn('team-shop-web'),
  paymentsDevelopers: groupDn('payments-developers'),
  platformAdmins: groupDn('platform-admins'),
  auditors: groupDn('auditors'),
  allStaff: groupDn('all-staff'),
  empty: groupDn('oncall-weekend'),
  distribution: groupDn('news-all-hands'),
  cycle: [groupDn('guild-frontend'), groupDn('guild-design'), groupDn('guild-research')],
} as const;

const globalSecurity = String(0x80000002 | 0);

export function groups(): SeedGroup[] {
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
    securityGroup('shop-developers', [groupDns.teamShop, groupDn('shop-contractors')], 'May work in the shop'),
    securityGroup('team-shop', [groupDns.teamShopWeb, groupDn('team-shop-backend')], 'Everybody who builds the shop'),
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

function securityGroup(name: string, members: string[], description?: string): SeedGroup {
  return { dn: groupDn(name), members, attributes: groupAttributes(name, globalSecurity, description) };
}

function groupAttributes(name: string, groupType: string, description?: string): Record<string, string> {
  return { sAMAccountName: name, groupType, ...(description && { description }) };
}
