/** A certificate that does not fit closes: nothing is said to its bearer, and nothing is ever said in the clear (F9). */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Authority, createAuthority } from '#e2e/stack/certificates.ts';
import { explainFailure } from '../sentences.ts';
import { openConnection } from './connection.ts';
import { type ScriptedOptions, type ScriptedServer, startScriptedServer } from './testing.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serverWith(options: ScriptedOptions): Promise<ScriptedServer> {
  const server = await startScriptedServer(() => ({}), options);
  servers.push(server);
  return server;
}

async function signInTo({ endpoint }: ScriptedServer, trusted: Authority): Promise<string> {
  try {
    const connection = await openConnection({ ...endpoint, caPem: trusted.certPem }, 5_000);
    await connection.bind('CN=sync', 'secret');
    connection.close();
    return 'signed in';
  } catch (error) {
    const { code, message } = explainFailure(error, 'dc1');
    return `${code}: ${message}`;
  }
}

it('wrong name, expired, another authority: closed with a sentence that says which, before a name or password is sent (F9)', async () => {
  const [authority, stranger] = [await createAuthority('ours'), await createAuthority('stranger')];
  const anHourAgo = new Date(Date.now() - 3_600_000);
  const cases: [ScriptedServer, RegExp][] = [
    [await serverWith({ authority, ips: ['127.0.0.9'] }), /directory\.certificate: .*made out to another name/],
    [await serverWith({ authority, until: anHourAgo }), /directory\.certificate: .*has expired\. Renew it/],
    [await serverWith({ authority: stranger }), /directory\.certificate: .*not signed by the given authority/],
  ];
  for (const [server, sentence] of cases) {
    expect(await signInTo(server, authority)).toMatch(sentence);
    expect(server.binds).toEqual([]);
  }
});

it('renewed by the same authority: goes on without anybody’s doing (F9)', async () => {
  const authority = await createAuthority('ours');
  for (const until of [undefined, new Date(Date.now() + 3_600_000)])
    expect(await signInTo(await serverWith({ authority, until }), authority)).toBe('signed in');
});

it.each([
  ['declines StartTLS', Buffer.from('300c02010178070a010204000400', 'hex')],
  ['answers in the clear as if nothing were asked', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
])('a server on the plain port that %s hears no name and no password (F9)', async (_, reply) => {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(chunk);
      socket.write(reply);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(openConnection({ url: `ldap://127.0.0.1:${port}` }, 2_000)).rejects.toThrow();
  // The request for StartTLS and nothing else: its object identifier, and no bind.
  expect(heard).toHaveLength(1);
  expect(heard[0]?.toString('latin1')).toContain('1.3.6.1.4.1.1466.20037');
  server.close();
});
