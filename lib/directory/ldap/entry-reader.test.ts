import { BerWriter } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { readEntryMessage } from './entry-reader.ts';

const [entryTag, doneTag, set, octetString] = [0x64, 0x65, 0x31, 0x04];
const guid = Buffer.from('00ff80c3281122334455667788990011', 'hex');

function entry(attributes: readonly (readonly [type: string, values: readonly (string | Buffer)[]])[]): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(7);
  writer.startSequence(entryTag);
  writer.writeString('<GUID=00000000-0000-0000-0000-000000000001>;<SID=S-1-5-21-1>;CN=Zoë,DC=corp,DC=example');
  writer.startSequence();
  for (const [type, values] of attributes) {
    writer.startSequence();
    writer.writeString(type);
    writer.startSequence(set);
    for (const value of values) writer.writeBuffer(Buffer.from(value), octetString);
    writer.endSequence();
    writer.endSequence();
  }
  for (let open = 0; open < 3; open += 1) writer.endSequence();
  return Buffer.from(writer.buffer);
}

const message = entry([
  ['objectGUID', [guid]],
  ['displayName', ['Zoë']],
  ['mail', []],
  ['description', ['x'.repeat(300)]],
  ['member;range=0-1', ['a', 'b']],
]);

describe('a search entry', () => {
  it('is read as it came: bytes, texts, an attribute without values, one that is absent, and its options', () => {
    const read = readEntryMessage(message);
    expect(read?.messageId).toBe(7);
    const found = read?.entry;
    expect(found?.dn).toBe('CN=Zoë,DC=corp,DC=example');
    expect(found?.bytes('objectguid')).toEqual(guid);
    expect([found?.text('displayName'), found?.text('description')?.length]).toEqual(['Zoë', 300]);
    expect([found?.has('mail'), found?.text('mail'), found?.has('title')]).toEqual([true, null, false]);
    expect(found?.options('member').map(({ option, values }) => [option, values.map(String)])).toEqual([['range=0-1', ['a', 'b']]]);
  });

  it('leaves every other message to the library', () => {
    const done = new BerWriter();
    done.startSequence();
    done.writeInt(7);
    done.startSequence(doneTag);
    done.endSequence();
    done.endSequence();
    expect(readEntryMessage(Buffer.from(done.buffer))).toBeNull();
  });

  it('that is cut anywhere, or whose lengths lie, is none', () => {
    for (let length = 0; length < message.length; length += 1) expect(() => readEntryMessage(message.subarray(0, length))).toThrow();
    // Each of the elements within claims one byte more than its surroundings hold.
    const inner = message.indexOf(Buffer.from('displayName')) - 1;
    const longer = Buffer.from(message);
    longer[inner] = 0x7f;
    expect(() => readEntryMessage(longer)).toThrow();
  });
});
