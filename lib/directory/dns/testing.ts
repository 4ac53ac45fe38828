/** For tests alone: a DNS server that knows what a test tells it, over UDP and TCP on one port. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { SrvRecord } from './wire.ts';

export interface ScriptedDns {
  readonly server: string;
  srv: Map<string, readonly SrvRecord[]>;
  hosts: Map<string, string>;
  isSilent: boolean;
  /** As Samba does, against RFC 2782. */
  compressesTargets: boolean;
  readonly asked: string[];
  stop(): Promise<void>;
}

const types = { a: 1, srv: 33 } as const;

export async function startScriptedDns(): Promise<ScriptedDns> {
  const udp = createSocket('udp4');
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const answer = answerTo(chunk.subarray(2));
      if (!answer) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    });
  });
  const dns: Omit<ScriptedDns, 'server'> = {
    srv: new Map(),
    hosts: new Map(),
    isSilent: false,
    compressesTargets: false,
    asked: [],
    async stop() {
      udp.close();
      for (const socket of sockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };

  function answerTo(question: Buffer): Buffer | null {
    if (dns.isSilent) return null;
    let end = 12;
    const labels: string[] = [];
    while (question[end]) {
      const length = question[end] ?? 0;
      labels.push(question.toString('latin1', end + 1, end + 1 + length));
      end += length + 1;
    }
    const name = labels.join('.').toLowerCase();
    const type = question.readUInt16BE(end + 1);
    dns.asked.push(name);
    const records = type === types.srv ? (dns.srv.get(name) ?? []).map((record) => srvData(record)) : addressData(name, type);
    const isKnown = dns.srv.has(name) || dns.hosts.has(name);
    const head = Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x85, isKnown ? 0x80 : 0x83, 0, 1, 0, records.length, 0, 0, 0, 0]);
    const rows = records.map((data) => Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, data.length]), data]));
    return Buffer.concat([head, question.subarray(12, end + 5), ...rows]);

    function srvData({ priority, weight, port, name: target }: SrvRecord): Buffer {
      const numbers = Buffer.alloc(6);
      numbers.writeUInt16BE(priority, 0);
      numbers.writeUInt16BE(weight, 2);
      numbers.writeUInt16BE(port, 4);
      const domainAt = 12 + labels.slice(0, -2).reduce((sum, label) => sum + label.length + 1, 0);
      const shared = labels.slice(-2).join('.');
      return dns.compressesTargets && target.endsWith(`.${shared}`)
        ? Buffer.concat([numbers, encoded(target.slice(0, -shared.length - 1)), Buffer.from([0xc0, domainAt])])
        : Buffer.concat([numbers, encoded(target), Buffer.from([0])]);
    }
  }

  function addressData(name: string, type: number): Buffer[] {
    const address = dns.hosts.get(name);
    return address && type === types.a ? [Buffer.from(address.split('.').map(Number))] : [];
  }

  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const place = tcp.address();
  const port = typeof place === 'object' && place ? place.port : 0;
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  udp.on('message', (question, from) => {
    const answer = answerTo(question);
    if (answer) udp.send(answer, from.port, from.address);
  });
  return Object.assign(dns, { server: `127.0.0.1:${port}` });
}

function encoded(name: string): Buffer {
  return Buffer.concat(name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])));
}
