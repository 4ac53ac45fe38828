/**
 * Everything the environment may say, read once, all faults reported together, frozen. No other file reads process.env (the log level aside).
 * A role gets its secrets either from its supervisor, or, where each role is a container of its own, from files named here.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { fault } from '#lib/errors/fault.ts';

const port = (preset: number) => z.coerce.number().int().min(0).max(65_535).default(preset);
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

const environment = z.object({
  GATEHOUSE_DATA: z.string().min(1).default('.gatehouse/data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  PORTAL_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  PROXY_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  WORKER_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  GATEHOUSE_PORTAL_HOST: z.string().min(1).default('127.0.0.1'),
  GATEHOUSE_PORTAL_PORT: port(3000),
  GATEHOUSE_PORTAL_URL: z.url({ protocol: /^https?$/, error: 'must be the http(s):// URL under which people open the portal' }).optional(),
  GATEHOUSE_PROXY_HOST: z.string().min(1).default('127.0.0.1'),
  GATEHOUSE_PROXY_PORT: port(8443),
  GATEHOUSE_PROXY_URL: z.url({ protocol: /^https$/, error: 'must be the https:// URL under which kubectl reaches the door' }).optional(),
  GATEHOUSE_PROXY_CERT_FILE: z.string().min(1).optional(),
  GATEHOUSE_PROXY_KEY_FILE: z.string().min(1).optional(),
  GATEHOUSE_PROXY_CA_FILE: z.string().min(1).optional(),
  GATEHOUSE_PROXY_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(8).max(1_000_000).default(16_384),
  GATEHOUSE_PROXY_STREAMS_MAX: z.coerce.number().int().min(1).max(1_000_000).default(20_000),
  GATEHOUSE_PROXY_DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(2),
  GATEHOUSE_PROXY_PROCESSES: z.coerce.number().int().min(1).max(64).default(1),
  GATEHOUSE_PROXY_SHARE_PORT: flag.optional(),
  GATEHOUSE_METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  GATEHOUSE_METRICS_PORT: port(9464),
  GATEHOUSE_SECRETS_FILE: z.string().min(1).optional(),
  GATEHOUSE_KEYS: z.string().min(1).optional(),
  GATEHOUSE_SEPARATE_USERS: flag.optional(),
  GATEHOUSE_LOOPBACK_CLUSTERS: flag.optional(),
  GATEHOUSE_TRUSTED_PROXIES: z.string().default(''),
  GATEHOUSE_JOIN_IMAGE: z.string().min(1).default('node:24-alpine'),
  GATEHOUSE_BREAK_GLASS: z.enum(['on', 'off']).default('on'),
});

export interface Config {
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly databaseUrl: string | undefined;
  readonly roleDatabaseUrls: Readonly<Partial<Record<'portal' | 'proxy' | 'worker', string>>>;
  readonly portal: { readonly host: string; readonly port: number; readonly url: string };
  readonly proxy: {
    readonly host: string;
    readonly port: number;
    readonly url: string;
    readonly metricsHost: string;
    readonly metricsPort: number;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly caFile: string | undefined;
    readonly connectionsPerAddress: number;
    readonly streamsMax: number;
    readonly drainMs: number;
    /** How many of them the supervisor starts. */
    readonly processes: number;
    /** Other processes listen on the same port. */
    readonly sharesPort: boolean;
  };
  /** Where one role finds its own secrets; the supervisor needs none. */
  readonly secretsFile: string | undefined;
  readonly separateUsers: boolean;
  /** Whether a cluster may have an address of this machine itself. */
  readonly loopbackClusters: boolean;
  readonly trustedProxies: readonly string[];
  readonly joinImage: string;
  /** Whether this configuration lets anybody in by a local account. */
  readonly breakGlass: boolean;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (Boolean(given.GATEHOUSE_PROXY_CERT_FILE) !== Boolean(given.GATEHOUSE_PROXY_KEY_FILE)) {
    problems.push('GATEHOUSE_PROXY_CERT_FILE and GATEHOUSE_PROXY_KEY_FILE: give both or none');
  }
  if (!parsed.success || problems.length > 0) {
    throw fault(
      'bad-input',
      'config.invalid',
      `The configuration has ${problems.length === 1 ? 'a fault' : `${problems.length} faults`}:\n  ${problems.join('\n  ')}`,
    );
  }
  const e = parsed.data;
  const dataDirectory = resolve(e.GATEHOUSE_DATA);
  return deepFreeze({
    dataDirectory,
    keysDirectory: resolve(e.GATEHOUSE_KEYS ?? `${dataDirectory}/keys`),
    databaseUrl: e.DATABASE_URL,
    roleDatabaseUrls: {
      ...(e.PORTAL_DATABASE_URL ? { portal: e.PORTAL_DATABASE_URL } : {}),
      ...(e.PROXY_DATABASE_URL ? { proxy: e.PROXY_DATABASE_URL } : {}),
      ...(e.WORKER_DATABASE_URL ? { worker: e.WORKER_DATABASE_URL } : {}),
    },
    portal: {
      host: e.GATEHOUSE_PORTAL_HOST,
      port: e.GATEHOUSE_PORTAL_PORT,
      url: withoutSlash(e.GATEHOUSE_PORTAL_URL ?? `http://${e.GATEHOUSE_PORTAL_HOST}:${e.GATEHOUSE_PORTAL_PORT}`),
    },
    proxy: {
      host: e.GATEHOUSE_PROXY_HOST,
      port: e.GATEHOUSE_PROXY_PORT,
      url: withoutSlash(e.GATEHOUSE_PROXY_URL ?? `https://${e.GATEHOUSE_PROXY_HOST}:${e.GATEHOUSE_PROXY_PORT}`),
      metricsHost: e.GATEHOUSE_METRICS_HOST,
      metricsPort: e.GATEHOUSE_METRICS_PORT,
      certFile: e.GATEHOUSE_PROXY_CERT_FILE,
      keyFile: e.GATEHOUSE_PROXY_KEY_FILE,
      caFile: e.GATEHOUSE_PROXY_CA_FILE,
      connectionsPerAddress: e.GATEHOUSE_PROXY_CONNECTIONS_PER_ADDRESS,
      streamsMax: e.GATEHOUSE_PROXY_STREAMS_MAX,
      drainMs: e.GATEHOUSE_PROXY_DRAIN_SECONDS * 1_000,
      processes: e.GATEHOUSE_PROXY_PROCESSES,
      sharesPort: e.GATEHOUSE_PROXY_SHARE_PORT ?? e.GATEHOUSE_PROXY_PROCESSES > 1,
    },
    secretsFile: e.GATEHOUSE_SECRETS_FILE,
    separateUsers: e.GATEHOUSE_SEPARATE_USERS ?? process.getuid?.() === 0,
    // A door that only this machine reaches has its clusters here as well.
    loopbackClusters: e.GATEHOUSE_LOOPBACK_CLUSTERS ?? isLoopback(e.GATEHOUSE_PROXY_HOST),
    trustedProxies: e.GATEHOUSE_TRUSTED_PROXIES.split(',')
      .map((part) => part.trim())
      .filter(Boolean),
    joinImage: e.GATEHOUSE_JOIN_IMAGE,
    breakGlass: e.GATEHOUSE_BREAK_GLASS === 'on',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) if (inner !== null && typeof inner === 'object') deepFreeze(inner);
  return Object.freeze(value);
}
