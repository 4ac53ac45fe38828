/** What comes in from outside: the settings of a directory and a sign-in. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
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

const certificates = z
  .string()
  .trim()
  .max(200_000)
  .refine(areCertificates, 'Paste one or more certificates in PEM form: -----BEGIN CERTIFICATE----- …');

const optionalText = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), schema.optional());

/** Input of `directory.test` and `directory.connect`; the password travels apart, sealed. */
export const directoryInput = z.object({
  urls: z
    .array(url)
    .min(1, 'Enter the address of at least one domain controller.')
    .max(8)
    .transform((urls) => [...new Set(urls)]),
  /** Found by asking when left out. */
  baseDn: optionalText(distinguishedName),
  bindDn: z.string().trim().min(1, 'Enter the sync account: its distinguished name, or user@domain.').max(2_000),
  serverName: optionalText(z.string().trim().max(253)),
  caPem: optionalText(certificates),
  scopeDns: z.array(distinguishedName).max(50).default([]),
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
