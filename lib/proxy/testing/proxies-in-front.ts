/** Other people's proxies before the door, as an operator might put them there although the door ends TLS itself: what they do to a head must not matter. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDoorCertificate } from '#lib/runtime/certificates.ts';
import { freePort } from '#lib/runtime/ports.ts';

export interface ProxyInFront {
  readonly url: string;
  readonly caPem: string;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly binary: string;
  configure(facts: { port: number; door: string; directory: string }): string;
  args(file: string): string[];
}

const kinds: readonly Kind[] = [
  {
    name: 'nginx',
    binary: '/usr/sbin/nginx',
    configure: ({ port, door, directory }) => `
daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http {
  access_log off; client_body_temp_path ${directory}; proxy_temp_path ${directory};
  fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  underscores_in_headers on; ignore_invalid_headers off;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${directory}/both.pem; ssl_certificate_key ${directory}/both.pem;
    location / {
      proxy_pass https://${door}; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }
  }
}`,
    args: (file) => ['-c', file, '-e', '/dev/null'],
  },
  {
    name: 'HAProxy',
    binary: '/usr/sbin/haproxy',
    configure: ({ port, door, directory }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port} ssl crt ${directory}/both.pem
  default_backend door
backend door
  server door ${door} ssl verify none
`,
    args: (file) => ['-f', file, '-db'],
  },
];

/** Those that this machine has. */
export const proxiesInFront = kinds.filter(({ binary }) => existsSync(binary));

export async function startInFront(kind: Kind, doorUrl: string): Promise<ProxyInFront> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-in-front-'));
  const port = await freePort();
  const { doorCaPem, doorCertificatePem, doorKeyPem } = await makeDoorCertificate(['localhost', '127.0.0.1']);
  await writeFile(join(directory, 'both.pem'), `${doorCertificatePem}\n${doorKeyPem}`);
  const file = join(directory, 'config');
  await writeFile(file, kind.configure({ port, door: new URL(doorUrl).host, directory }));
  const child = spawn(kind.binary, kind.args(file), { stdio: 'inherit' });
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    url: `https://127.0.0.1:${port}`,
    caPem: doorCaPem,
    async stop() {
      child.kill('SIGKILL');
      await over;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
