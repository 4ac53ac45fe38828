/** A cluster's end of HTTP/2, frame by frame, for what no library would send: a stream reset without a reason, a connection that just ends. */
import type { TLSSocket } from 'node:tls';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const type = { data: 0, headers: 1, rst: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
const endStream = 0x1;
const endHeaders = 0x4;
const ack = 0x1;
/** `:status: 200`, from HPACK's static table. */
const status200 = Buffer.from([0x88]);

export interface H2Connection {
  readonly socket: TLSSocket;
  /** Streams that the client has opened and not ended by a reset, in their order. */
  readonly open: Set<number>;
  /** What the client reset, with its code. */
  readonly resets: Map<number, number>;
  answer(stream: number): void;
  data(stream: number, text: string, end?: boolean): void;
  reset(stream: number, code: number): void;
  goAway(lastStream: number, code: number): void;
}

export interface H2Script {
  readonly streamsMax?: number;
  readonly answersPings?: boolean;
  onStream(connection: H2Connection, stream: number): void;
}

export function speakH2(socket: TLSSocket, { streamsMax = 100, answersPings = true, onStream }: H2Script): H2Connection {
  let buffered = Buffer.alloc(0);
  let greeted = false;
  const connection: H2Connection = {
    socket,
    open: new Set(),
    resets: new Map(),
    answer: (stream) => void socket.write(frame(type.headers, endHeaders, stream, status200)),
    data: (stream, text, end = false) => void socket.write(frame(type.data, end ? endStream : 0, stream, Buffer.from(text))),
    reset: (stream, code) => void socket.write(frame(type.rst, 0, stream, uint32(code))),
    goAway: (last, code) => void socket.write(frame(type.goaway, 0, 0, Buffer.concat([uint32(last), uint32(code)]))),
  };
  socket.write(frame(type.settings, 0, 0, Buffer.concat([Buffer.from([0, 3]), uint32(streamsMax)])));
  socket.on('data', (bytes) => {
    buffered = Buffer.concat([buffered, bytes]);
    if (!greeted && buffered.length >= preface.length) {
      greeted = true;
      buffered = buffered.subarray(preface.length);
    }
    while (greeted && buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
      const length = buffered.readUIntBE(0, 3);
      const [kind = 0, flags = 0] = [buffered[3], buffered[4]];
      const stream = buffered.readUInt32BE(5) & 0x7fffffff;
      const payload = buffered.subarray(9, 9 + length);
      buffered = buffered.subarray(9 + length);
      if (kind === type.settings && !(flags & ack)) socket.write(frame(type.settings, ack, 0));
      if (kind === type.ping && !(flags & ack) && answersPings) socket.write(frame(type.ping, ack, 0, payload));
      if (kind === type.rst) {
        connection.open.delete(stream);
        connection.resets.set(stream, payload.readUInt32BE(0));
      }
      if (kind === type.headers && !connection.open.has(stream)) {
        connection.open.add(stream);
        onStream(connection, stream);
      }
    }
  });
  return connection;
}

function frame(kind: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
