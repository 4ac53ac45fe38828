import { join } from 'node:path';

export const realm = 'CORP.EXAMPLE';
export const workgroup = 'CORP';
export const hostName = 'DC1';

export interface Role {
  readonly hostName: string;
  readonly services: string;
  /** Of a domain that is not corp.example. */
  readonly realm?: string;
  readonly workgroup?: string;
}

/** The only one of its domain: nobody replicates with it. */
export const alone: Role = { hostName, services: 'ldap' };

/** Everything of one domain controller lies in its tree, and it answers LDAP on one address alone: so several live side by side. */
export function configurationFor(tree: string, address: string, role: Role = alone): string {
  const at = (name: string) => join(tree, name);
  const global = {
    'netbios name': role.hostName,
    realm: role.realm ?? realm,
    workgroup: role.workgroup ?? workgroup,
    'server role': 'active directory domain controller',
    'server services': role.services,
    // "/8", because the loopback interface carries that network: with "/32" Samba finds no interface.
    interfaces: `${address}/8`,
    'bind interfaces only': 'yes',
    'private dir': at('private'),
    'lock directory': tree,
    'state directory': at('state'),
    'cache directory': at('cache'),
    'binddns dir': at('bind-dns'),
    'pid directory': at('run'),
    'ncalrpc dir': at('ncalrpc'),
    'ntp signd socket directory': at('ntp'),
    'winbindd socket directory': at('winbindd'),
    'log file': at('log.%m'),
    'max log size': '1000',
    'tls certfile': at('private/tls/cert.pem'),
    'tls keyfile': at('private/tls/key.pem'),
    'tls cafile': at('private/tls/ca.pem'),
    'idmap_ldb:use rfc2307': 'yes',
    'posix:eadb': at('eadb.tdb'),
  };
  const shares = `[sysvol]\npath = ${at('state/sysvol')}\n[netlogon]\npath = ${at('state/sysvol/corp.example/scripts')}\n`;
  return `[global]\n${Object.entries(global)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')}\n${shares}`;
}
