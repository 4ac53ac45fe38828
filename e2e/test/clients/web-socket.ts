/** A WebSocket by hand, so that protocols, headers and frames are exactly what a test says. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { upgrade, type Wire } from './wire.ts';

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface Socket {
  readonly status: number;
  readonly protocol: string | undefined;
  /** What came instead of a socket. */
  readonly refusal: string;
  send(payload: Buffer, opcode?: number): void;
  /** All frames until the other side closed, or until enough have come. */
  frames(enough?: (frames: readonly Frame[]) => boolean): Promise<readonly Frame[]>;
  close(): void;
}

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const patienceMs = 20_000;

export async function openWebSocket(
  wire: Wire,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  identity = wire.identity,
): Promise<Socket> {
  const key = randomBytes(16).toString('base64');
  const opened = await upgrade(
    wire,
    path,
    { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers },
    identity,
  );
  const reader = opened.socket === null ? null : readFrames(opened.socket, opened.head);
  return {
    status: opened.status,
    protocol: opened.headers['sec-websocket-protocol'],
    refusal: opened.body.toString('utf8'),
    send(payload, opcode = opcodes.binary) {
      opened.socket?.write(masked(payload, opcode));
    },
    frames: (enough = () => false) => reader?.until(enough) ?? Promise.resolve([]),
    close: () => opened.socket?.destroy(),
  };
}

function readFrames(socket: Duplex, head: Buffer) {
  const frames: Frame[] = [];
  let rest = head;
  let over = false;
  let look: () => void = () => {};
  const take = (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = firstFrame(rest); frame !== null; frame = firstFrame(rest)) {
      frames.push({ opcode: frame.opcode, payload: frame.payload });
      rest = rest.subarray(frame.size);
      if (frame.opcode === opcodes.close) over = true;
    }
    look();
  };
  const end = () => {
    over = true;
    look();
  };
  socket.on('data', take);
  for (const event of ['end', 'close', 'error']) socket.on(event, end);
  take(Buffer.alloc(0));
  return {
    until: (enough: (frames: readonly Frame[]) => boolean) =>
      new Promise<readonly Frame[]>((resolve, reject) => {
        const tooLate = setTimeout(() => reject(new Error(`still open after ${frames.length} frames`)), patienceMs);
        look = () => {
          if (!over && !enough(frames)) return;
          clearTimeout(tooLate);
          resolve(frames);
        };
        look();
      }),
  };
}

/** Servers do not mask, and nobody here fragments. */
function firstFrame(bytes: Buffer): (Frame & { size: number }) | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extended) return null;
  const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const size = 2 + extended + length;
  if (bytes.length < size) return null;
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload: Buffer.from(bytes.subarray(2 + extended, size)), size };
}

function masked(payload: Buffer, opcode: number): Buffer {
  const mask = randomBytes(4);
  const length =
    payload.length < 126 ? Buffer.from([0x80 | payload.length]) : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  const body = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, body]);
}
