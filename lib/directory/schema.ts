/** What comes in from outside: the settings of a directory and a sign-in. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { parseDnsServer } from './dns/resolver.ts';
import { faultOfFilter, filterTextMax, tidyFilter } from './ldap/filter-text.ts';
import { parseLdapUrl } from './ldap/transport.ts';

/** A bare host or host:port means LDAPS; ldap:// means StartTLS, never plain. */
const url = z
  .string()
  .trim()
  .min(1, 'Enter the address of a domain controller, like ldaps://dc1.corp.example.')
  .max(300)
  .transform((text) => (text.includes('://') ? text : `ldaps://${text}`))
  .refine((text) => parseLdapUrl(text) !== null, 'Enter the address like ldaps://dc1.corp.example, or ldap:// for StartTLS.');

const distinguishedName = z
  .string()
  .trim()
  .max(2_000)
  .regex(/^[A-Za-z][\w-]*=.+/, 'Enter a distinguished name, like DC=corp,DC=example.');

const ownFilter = z
  .string()
  .max(2 * filterTextMax)
  .transform(tidyFilter)
  .superRefine((text, refinement) => {
    const fault = faultOfFilter(text);
    if (fault) refinement.addIssue(fault);
  });

const certificates = z
  .string()
  .trim()
  .max(200_000)
  .refine(areCertificates, 'Paste one or more certificates in PEM form: -----BEGIN CERTIFICATE----- …');

const optionalText = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), schema.optional());

const hostLabels = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)+$/i;

/** By the domain's SRV records; each domain controller is then reached by its name, over LDAPS. */
const find = z.object({
  domain: z.string().trim().toLowerCase().regex(hostLabels, 'Enter the domain’s DNS name, like corp.example.'),
  site: optionalText(
    z
      .string()
      .trim()
      .regex(/^[a-z0-9_-]{1,63}$/i, 'Enter a site’s name, like Berlin.'),
  ),
  dnsServers: z
    .array(
      z
        .string()
        .trim()
        .refine((text) => parseDnsServer(text) !== null, 'Enter the address of a DNS server, like 10.0.0.53.'),
    )
    .max(8)
    .optional(),
});

/** Input of `directory.test` and `directory.connect`; the password travels apart, sealed. */
export const directoryInput = z.object({
  urls: z
    .array(url)
    .max(8)
    .default([])
    .transform((urls) => [...new Set(urls)])
    .describe('the domain controllers in order of preference; none where they are found by DNS'),
  find: z
    .preprocess((value) => (value === null ? undefined : value), find.optional())
    .describe('finds them by DNS instead; the addresses are then left out'),
  /** Found by asking when left out. */
  baseDn: optionalText(distinguishedName),
  bindDn: z.string().trim().min(1, 'Enter the sync account: its distinguished name, or user@domain.').max(2_000),
  serverName: optionalText(z.string().trim().max(253)),
  caPem: optionalText(certificates),
  scopeDns: z.array(distinguishedName).max(50).default([]),
  peopleFilter: optionalText(ownFilter),
  groupFilter: optionalText(ownFilter),
  /** Whether a distribution group carries rights. AD never lets it; many companies have no other groups. */
  distributionGroups: optionalText(z.enum(['shown', 'counted'])),
  /** By name; the settings keep whom it means. */
  sentinelPerson: optionalText(z.string().trim().max(500)),
  sentinelGroup: optionalText(z.string().trim().max(500)),
});
export type DirectoryInput = z.infer<typeof directoryInput>;

export const directorySecret = z.object({
  password: z
    .string()
    .min(1, 'Enter the sync account’s password.')
    .max(1_024)
    .refine((text) => !text.includes('\0'), 'This password cannot be used.'),
});

export const directoryReference = z.object({ directoryId: z.string().min(1).max(64) });

export const signInInput = z.object({ address: z.string().max(64).nullish() });

function areCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block) !== null);
  } catch {
    return false;
  }
}
