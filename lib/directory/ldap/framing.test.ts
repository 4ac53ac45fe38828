import { expect, test } from 'vitest';
import { createFramer } from './framing.ts';

const small = Buffer.from([0x30, 0x03, 1, 2, 3]);
const large = Buffer.concat([Buffer.from([0x30, 0x82, 0x01, 0x00]), Buffer.alloc(256, 7)]);

function framesOf(chunks: Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  const framer = createFramer((frame) => frames.push(Buffer.from(frame)));
  for (const chunk of chunks) framer.push(chunk);
  return frames;
}

test('whole messages come out however the bytes were cut', () => {
  const stream = Buffer.concat([small, large, small, small]);
  for (const size of [1, 2, 3, 7, 100, stream.length]) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) => stream.subarray(n * size, (n + 1) * size));
    expect(framesOf(chunks)).toEqual([small, large, small, small]);
  }
});

test('half a message is held back', () => {
  expect(framesOf([large.subarray(0, 200)])).toEqual([]);
});

test('bytes that are not LDAP are refused', () => {
  expect(() => framesOf([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toThrow('not an LDAP message');
  expect(() => framesOf([Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])])).toThrow('bytes arrived');
});
