/**
 * Where a connection to a cluster may go. An administrator types a cluster's address, and a name may lead elsewhere tomorrow than on the day
 * it was checked: so the address is judged at each connect, after the name was resolved and before a byte is sent, and the one that was
 * judged is the one that is connected to.
 *
 * Never: link-local addresses (the metadata services of clouds among them), the unspecified, multicast and broadcast. Loopback only where
 * the installation says that it lives on one machine with its clusters. Our own listeners and our own database at no address of theirs.
 */
import { type LookupAddress, lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface AddressPolicy {
  readonly loopback: boolean;
  /** What this installation itself listens on: the portal, the door, the metrics, the database. */
  readonly own: readonly { readonly host: string; readonly port: number }[];
}

/** Closed until the process says otherwise, once, at its start (`setAddressPolicy`). */
let policyInForce: AddressPolicy = { loopback: false, own: [] };

export function setAddressPolicy(policy: AddressPolicy): void {
  policyInForce = policy;
}

export class ForbiddenAddress extends Error {
  readonly code = 'FORBIDDEN_ADDRESS';
  constructor(why: string) {
    super(why);
    this.name = 'ForbiddenAddress';
  }
}

const never = listOf([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  // The metadata service of one cloud over IPv6, and link-local IPv4 as NAT64 and 6to4 would carry it.
  ['fd00:ec2::254', 128],
  ['64:ff9b::169.254.0.0', 112],
  ['2002:a9fe::', 32],
]);
const loopback = listOf([
  ['127.0.0.0', 8],
  ['::1', 128],
  ['64:ff9b::127.0.0.0', 104],
  ['2002:7f00::', 24],
]);

/** Why a connection to this address is refused; null when it may be made. Pure. `name` is what was resolved, where it was a name. */
export function refusalOf(address: string, port: number, policy: AddressPolicy = policyInForce, name?: string): string | null {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const via = name !== undefined && name !== address ? `${name} leads to ${address}, which` : address;
  if (isIP(address) === 0) return `${via} is no address`;
  if (never.check(address, family)) return `${via} is link-local or otherwise no address of a cluster`;
  const local = loopback.check(address, family);
  if (policy.own.some((own) => own.port === port && ((local && isLocal(own.host)) || own.host === address || own.host === name)))
    return `${via} is this installation itself at port ${port}`;
  if (local && !policy.loopback) return `${via} is this machine itself (loopback)`;
  return null;
}

/** Why a literal address is refused, before anything is connected; a name is judged when it is resolved. */
export function refusalOfLiteral({ host, port }: { readonly host: string; readonly port: number }): string | null {
  return isIP(host) === 0 ? null : refusalOf(host, port);
}

/**
 * As `lookup` of net.connect and tls.connect: resolves (by `ask`, where somebody keeps names), and lets the name through only when each
 * address it leads to may be connected to.
 */
export function lookupAllowed(port: number, ask: LookupFunction = resolve): LookupFunction {
  return (hostname, options, callback) => {
    ask(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses = found as LookupAddress[];
      for (const { address } of addresses) {
        const refusal = refusalOf(address, port, policyInForce, hostname);
        if (refusal !== null) return callback(new ForbiddenAddress(refusal), []);
      }
      const [first] = addresses;
      if (!first) return callback(new ForbiddenAddress(`${hostname} leads to no address`), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function isLocal(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4') || host === '0.0.0.0' || host === '::';
}

function listOf(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
