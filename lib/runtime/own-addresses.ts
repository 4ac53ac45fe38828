/** What this installation itself listens on: an administrator who registers one of these as a cluster is refused at each connect. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { AddressPolicy } from '#lib/cluster/address-policy.ts';

const postgresPort = 5432;

export interface OwnPlaces {
  readonly portal: { readonly host: string; readonly port: number };
  readonly proxy: { readonly host: string; readonly port: number; readonly metricsHost: string; readonly metricsPort: number };
  readonly loopbackClusters: boolean;
}

export async function addressPolicyOf({ portal, proxy, loopbackClusters }: OwnPlaces, databaseUrl: string): Promise<AddressPolicy> {
  const database = new URL(databaseUrl);
  const databasePort = database.port === '' ? postgresPort : Number(database.port);
  return {
    loopback: loopbackClusters,
    own: [
      ...listening(portal.host, portal.port),
      ...listening(proxy.host, proxy.port),
      ...listening(proxy.metricsHost, proxy.metricsPort),
      ...(await allNamesOf(database.hostname.replace(/^\[|\]$/g, ''))).map((host) => ({ host, port: databasePort })),
    ],
  };
}

/** A listener on every address of the machine can be reached at each of them. */
function listening(host: string, port: number): AddressPolicy['own'] {
  if (host !== '0.0.0.0' && host !== '::') return [{ host, port }];
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [{ host, port }, ...addresses.map(({ address }) => ({ host: address, port }))];
}

/** The database by its name and by the addresses that the name has at our start: a cluster's name might lead to either. */
async function allNamesOf(host: string): Promise<string[]> {
  if (host === '') return [];
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true }).catch(() => []);
  return [host, ...found.map(({ address }) => address)];
}
