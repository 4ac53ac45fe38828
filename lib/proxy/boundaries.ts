/**
 * Where a stream may be ended so that its end is the truth: between two events or two frames, never inside one. Each follower is fed what
 * went to the client and knows whether that was whole. What cannot be followed (a compressed watch) is never at a boundary.
 */
export interface Follower {
  push(chunk: Buffer): void;
  atBoundary(): boolean;
}

/** A watch in JSON: one event a line, and no newline inside one. */
export function followLines(): Follower {
  let last = 0x0a;
  return {
    push(chunk) {
      last = chunk.at(-1) ?? last;
    },
    atBoundary: () => last === 0x0a,
  };
}

/** SPDY's control frame GOAWAY, and the stream that every client of exec and attach opens first. */
const goAway = 7;
const errorStream = 1;

/** Frames that begin with a head that tells the length: protobuf watches, WebSocket, SPDY. */
function followFrames(headLength: (head: Buffer) => number, bodyLength: (head: Buffer) => number): Follower {
  const head = Buffer.alloc(16);
  let have = 0;
  let body = 0;
  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (body > 0) {
          const step = Math.min(body, chunk.length - at);
          body -= step;
          at += step;
          continue;
        }
        head[have] = chunk[at] ?? 0;
        have += 1;
        at += 1;
        if (have < headLength(head.subarray(0, have))) continue;
        body = bodyLength(head.subarray(0, have));
        have = 0;
      }
    },
    atBoundary: () => have === 0 && body === 0,
  };
}

export function followLengthDelimited(): Follower {
  return followFrames(
    () => 4,
    (head) => head.readUInt32BE(0),
  );
}

export function followWebSocket(): Follower {
  return followFrames(
    (head) => {
      if (head.length < 2) return 2;
      const length = (head[1] ?? 0) & 0x7f;
      const masked = ((head[1] ?? 0) & 0x80) !== 0;
      return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (masked ? 4 : 0);
    },
    (head) => {
      const length = (head[1] ?? 0) & 0x7f;
      if (length === 126) return head.readUInt16BE(2);
      return length === 127 ? Number(head.readBigUInt64BE(2)) : length;
    },
  );
}

export interface SpdyFollower extends Follower {
  /** Whether the far side said how it ended: on the error stream, or by taking leave. */
  hasSaidItsEnd(): boolean;
}

export function followSpdy(): SpdyFollower {
  let hasSaidItsEnd = false;
  const frames = followFrames(
    () => 8,
    (head) => {
      const length = head.readUIntBE(5, 3);
      const isLeave = head[0] === 0x80 && head.readUInt16BE(2) === goAway;
      const isOnErrorStream = head.readUInt32BE(0) === errorStream && length > 0;
      if (isLeave || isOnErrorStream) hasSaidItsEnd = true;
      return length;
    },
  );
  return { ...frames, hasSaidItsEnd: () => hasSaidItsEnd };
}

/** The follower for a watch of this media type; null when its boundaries cannot be seen. */
export function followWatch(contentType: string, contentEncoding: string | undefined): Follower | null {
  if (contentEncoding !== undefined && contentEncoding !== 'identity') return null;
  if (contentType.startsWith('application/json')) return followLines();
  return contentType.startsWith('application/vnd.kubernetes.protobuf') ? followLengthDelimited() : null;
}

export function webSocketClose(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123);
  const frame = Buffer.alloc(4 + text.length);
  frame[0] = 0x88;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}

/** SPDY/3.1 GOAWAY: no stream beyond this one, and the reason is ours. */
export function spdyGoAway(): Buffer {
  const internalError = 2;
  return Buffer.from([0x80, 0x03, 0x00, 0x07, 0x00, 0x00, 0x00, 0x08, 0, 0, 0, 0, 0, 0, 0, internalError]);
}

/**
 * What kubectl reads as the end of exec and attach: a Status on the error stream. Without it kubectl takes a connection that ends for a
 * command that succeeded.
 */
export function spdyFailure(message: string, { reason, code } = { reason: 'Forbidden', code: 403 }): Buffer {
  const fin = 0x01;
  const status = Buffer.from(JSON.stringify({ metadata: {}, status: 'Failure', reason, message, code }), 'utf8');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(errorStream, 0);
  head[4] = fin;
  head.writeUIntBE(status.length, 5, 3);
  return Buffer.concat([head, status]);
}
