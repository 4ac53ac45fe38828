import { expect, test } from 'vitest';
import { followLengthDelimited, followLines, followSpdy, followWatch, followWebSocket, spdyGoAway, webSocketClose } from './boundaries.ts';

function whereWhole(follower: ReturnType<typeof followLines>, bytes: Buffer): number[] {
  const whole: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    follower.push(bytes.subarray(at, at + 1));
    if (follower.atBoundary()) whole.push(at + 1);
  }
  return whole;
}

test('a JSON watch is whole behind each newline, and before it began', () => {
  expect(followLines().atBoundary()).toBe(true);
  expect(whereWhole(followLines(), Buffer.from('{"a":1}\n{"b":2}\n{"c"'))).toEqual([8, 16]);
});

test('frames are followed whatever way they are cut into chunks', () => {
  const small = Buffer.concat([Buffer.from([0x82, 3]), Buffer.from('abc')]);
  const middle = Buffer.concat([Buffer.from([0x82, 126, 0, 200]), Buffer.alloc(200)]);
  const large = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), Buffer.alloc(65_536)]);
  const all = Buffer.concat([small, middle, large, webSocketClose(1008, 'over')]);
  const expected = [5, 209, 209 + 65_546, all.length];
  expect(whereWhole(followWebSocket(), all)).toEqual(expected);
  const whole = followWebSocket();
  whole.push(all);
  expect(whole.atBoundary()).toBe(true);
});

test('protobuf watches and SPDY are followed by their lengths', () => {
  expect(whereWhole(followLengthDelimited(), Buffer.from([0, 0, 0, 2, 9, 9, 0, 0, 0, 0]))).toEqual([6, 10]);
  expect(whereWhole(followSpdy(), Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 2, 7, 7]), spdyGoAway()]))).toEqual([10, 26]);
});

test('whether a command over SPDY has said how it ended: on its error stream, or by taking leave', () => {
  const frame = (stream: number, text: string) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(stream, 0);
    head.writeUIntBE(text.length, 5, 3);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const heard = (...pieces: Buffer[]) => {
    const follower = followSpdy();
    for (const piece of pieces) for (const byte of piece) follower.push(Buffer.from([byte]));
    return follower.hasSaidItsEnd();
  };
  const [output, reset] = [frame(3, 'output'), Buffer.from([0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 5])];
  expect(heard(output, frame(1, ''), reset)).toBe(false);
  expect(heard(output, frame(1, '{"status":"Success"}'))).toBe(true);
  expect(heard(output, spdyGoAway())).toBe(true);
});

test('a compressed watch is never known to be whole', () => {
  expect(followWatch('application/json', 'gzip')).toBeNull();
  expect(followWatch('text/plain', undefined)).toBeNull();
});
