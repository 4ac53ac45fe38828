/**
 * Between a follower and its domain controller: an LDAPS relay that keeps change notifications to itself when it is told to. Everything else
 * goes through as it came, so what a follower learns nevertheless it learned by asking.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { createAuthority, issue } from '#e2e/stack/certificates.ts';
import { createFramer } from '../ldap/framing.ts';

export interface DeafRelay {
  readonly url: string;
  readonly caPem: string;
  deaf: boolean;
  readonly swallowed: number;
  /** Every connection breaks; new ones are served. */
  cut(): void;
  close(): Promise<void>;
}

const notificationOid = Buffer.from('1.2.840.113556.1.4.528', 'latin1');

export async function startDeafRelay(to: {
  readonly address: string;
  readonly serverName: string;
  readonly caPem: string;
}): Promise<DeafRelay> {
  const authority = await createAuthority('Relay CA');
  const { certPem, keyPem } = await issue(authority, { commonName: to.serverName, dns: [to.serverName], ips: ['127.0.0.1'], server: true });
  const sockets = new Set<TLSSocket>();
  let deaf = false;
  let swallowed = 0;

  const server = createServer({ cert: certPem, key: keyPem }, (near) => {
    const far = connect({ host: to.address, port: 636, servername: to.serverName, ca: to.caPem });
    const notifying = new Set<number>();
    const asking = createFramer((message) => {
      if (message.includes(notificationOid)) notifying.add(messageId(message));
      far.write(message);
    });
    const answering = createFramer((message) => {
      if (deaf && notifying.has(messageId(message))) swallowed += 1;
      else near.write(message);
    });
    for (const [one, other, framer] of [
      [near, far, asking],
      [far, near, answering],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('data', (chunk: Buffer) => framer.push(Buffer.from(chunk)));
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `ldaps://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.certPem,
    get deaf() {
      return deaf;
    },
    set deaf(value) {
      deaf = value;
    },
    get swallowed() {
      return swallowed;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** LDAPMessage ::= SEQUENCE { messageID INTEGER, … }. */
function messageId(message: Buffer): number {
  const first = message[1] ?? 0;
  const at = first < 0x80 ? 2 : 2 + (first & 0x7f);
  return message.readUIntBE(at + 2, message[at + 1] ?? 1);
}
