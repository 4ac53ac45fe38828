/** What it takes to reach a directory, and what a test of it tells. The password goes in and never comes out. */
import { z } from 'zod';

const plainLine = z
  .string()
  .trim()
  .max(1000)
  .regex(/^\P{Cc}*$/u, 'No control characters.');

export const directoryUrl = z
  .string()
  .trim()
  .max(300)
  .refine(isLdapsUrl, 'The address looks like ldaps://dc1.corp.example, without user name or path.');

export const connectInput = z.object({
  urls: z.array(directoryUrl).min(1, 'Name at least one domain controller.').max(8),
  serverName: plainLine.max(253).optional().describe('the name in the certificate, where it is not the host of the address'),
  caPem: z
    .string()
    .trim()
    .max(64 * 1024)
    .regex(/^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----$/, 'Paste the CA certificate as PEM.')
    .optional(),
  bindDn: plainLine.min(1, 'Name the account that reads the directory.'),
  bindPassword: z.string().min(1, 'Give the account’s password.').max(1024),
  baseDn: plainLine.optional().describe('the domain’s own base is found when this is left out'),
  scopeDns: z.array(plainLine.min(1)).max(50).default([]).describe('only people below one of these; everybody when empty'),
});

export const testOutput = z.object({
  domain: z.string(),
  netbios: z.string().nullable(),
  baseDn: z.string(),
  controllers: z.array(z.object({ url: z.string(), dnsHostName: z.string().nullable(), ok: z.boolean(), detail: z.string().nullable() })),
  people: z.number().int(),
  groups: z.number().int(),
  sample: z.array(z.object({ displayName: z.string(), upn: z.string().nullable(), state: z.string() })),
  /** Rights that the account lacks, and what each would give. */
  lacks: z.array(z.string()),
  lockoutThreshold: z.number().int().nullable(),
});

export const connectOutput = z.object({ directoryId: z.string(), domain: z.string() });

export type DirectoryTest = z.output<typeof testOutput>;

function isLdapsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash, hostname } = new URL(text);
  return protocol === 'ldaps:' && hostname !== '' && !username && !password && (pathname === '' || pathname === '/') && !search && !hash;
}
