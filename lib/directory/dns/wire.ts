/**
 * SRV records read by ourselves, over TCP. The resolver that comes with Node refuses an answer whose target names are compressed; RFC 2782
 * forbids that, and Samba's own DNS does it. So a refused answer is asked for again here, where nothing longer, deeper or other than an answer
 * to this one question is read.
 */
import { randomInt } from 'node:crypto';
import { connect } from 'node:net';

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** An answer that is none, or not to this question. */
export class DnsDoubt extends Error {
  /** The server's own word for it, as NXDOMAIN; null when what it said could not be read. */
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.name = 'DnsDoubt';
    this.code = code;
  }
}

const types = { srv: 33 } as const;
const internet = 1;
const headBytes = 12;
const labelBytesMax = 63;
const nameBytesMax = 255;
const jumpsMax = 20;
const recordsMax = 200;
const responseCodes: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED' };

export async function querySrv(server: { host: string; port: number }, name: string, timeoutMs: number): Promise<SrvRecord[]> {
  const id = randomInt(65_536);
  return readSrvAnswer(await exchange(server, encodeQuestion(id, name), timeoutMs), id, name);
}

export function encodeQuestion(id: number, name: string): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(id, 0);
  // Recursion desired; one question.
  head.writeUInt16BE(0x0100, 2);
  head.writeUInt16BE(1, 4);
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'ascii');
    if (bytes.length === 0 || bytes.length > labelBytesMax) throw new DnsDoubt(`${name} is no name that DNS could hold`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, types.srv, 0, internet])]);
}

export function readSrvAnswer(message: Buffer, id: number, asked: string): SrvRecord[] {
  try {
    return readAnswer(message, id, asked);
  } catch (error) {
    if (error instanceof RangeError) throw new DnsDoubt('the DNS server’s answer ends in the middle of a record');
    throw error;
  }
}

function readAnswer(message: Buffer, id: number, asked: string): SrvRecord[] {
  if (message.readUInt16BE(0) !== id || (message.readUInt16BE(2) & 0x8000) === 0)
    throw new DnsDoubt('the DNS server answered something else');
  const code = message.readUInt16BE(2) & 0xf;
  if (code !== 0) throw new DnsDoubt(`the DNS server answered ${responseCodes[code] ?? code}`, responseCodes[code] ?? String(code));
  if (message.readUInt16BE(4) !== 1) throw new DnsDoubt('the DNS server answered another number of questions');
  const question = readName(message, headBytes);
  if (!isSameName(question.name, asked) || message.readUInt16BE(question.next) !== types.srv)
    throw new DnsDoubt('the DNS server answered another question');
  const answers = message.readUInt16BE(6);
  if (answers > recordsMax) throw new DnsDoubt(`the DNS server knows more than ${recordsMax} places`);
  const found: SrvRecord[] = [];
  for (let n = 0, at = question.next + 4; n < answers; n++) {
    const owner = readName(message, at);
    const [type, length] = [message.readUInt16BE(owner.next), message.readUInt16BE(owner.next + 8)];
    const data = owner.next + 10;
    if (data + length > message.length) throw new DnsDoubt('the DNS server’s answer ends in the middle of a record');
    if (type === types.srv && isSameName(owner.name, asked)) {
      const [priority, weight, port] = [message.readUInt16BE(data), message.readUInt16BE(data + 2), message.readUInt16BE(data + 4)];
      found.push({ priority, weight, port, name: readName(message, data + 6).name });
    }
    at = data + length;
  }
  return found;
}

/** A pointer leads back only, so that a name ends. */
function readName(message: Buffer, from: number): { name: string; next: number } {
  const labels: string[] = [];
  let [at, next, jumps, bytes] = [from, -1, 0, 0];
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) break;
    if ((length & 0xc0) === 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff;
      jumps += 1;
      if (target >= at || jumps > jumpsMax) throw new DnsDoubt('a name in the DNS server’s answer has no end');
      if (next < 0) next = at + 2;
      at = target;
      continue;
    }
    if (length > labelBytesMax) throw new DnsDoubt('a name in the DNS server’s answer is of no known form');
    bytes += length + 1;
    if (bytes > nameBytesMax) throw new DnsDoubt('a name in the DNS server’s answer is too long');
    if (at + 1 + length > message.length) throw new DnsDoubt('a name in the DNS server’s answer is cut off');
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.'), next: next < 0 ? at + 1 : next };
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Over TCP each message comes after its length. */
function exchange({ host, port }: { host: string; port: number }, message: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new DnsDoubt(`no answer from the DNS server ${host} within ${timeoutMs} ms`)), timeoutMs);
    const chunks: Buffer[] = [];
    let received = 0;
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      const all = Buffer.concat(chunks);
      if (received < 2 || received < 2 + all.readUInt16BE(0)) return;
      resolve(all.subarray(2, 2 + all.readUInt16BE(0)));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new DnsDoubt(`the DNS server ${host} closed the connection`));
    });
  });
}
