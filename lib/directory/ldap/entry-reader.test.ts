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

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const inside = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, inside.length), inside]);
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

  it('that holds a byte more than it says, in any of its parts, is none; controls may follow it', () => {
    const parts = ['none', 'values', 'attribute', 'list', 'body', 'message', 'behind'] as const;
    const read = (at: (typeof parts)[number], controls: Buffer = Buffer.alloc(0)) => {
      const rest = (part: (typeof parts)[number]) => (part === at ? Buffer.of(0) : Buffer.alloc(0));
      const values = element(set, element(octetString, Buffer.from('Ann')), rest('values'));
      const attribute = element(0x30, element(octetString, Buffer.from('cn')), values, rest('attribute'));
      const list = element(0x30, attribute, rest('list'));
      const body = element(entryTag, element(octetString, Buffer.from('CN=Ann')), list, rest('body'));
      return readEntryMessage(Buffer.concat([element(0x30, element(0x02, Buffer.of(7)), body, controls, rest('message')), rest('behind')]));
    };
    expect(read('none')?.entry.text('cn')).toBe('Ann');
    expect(read('none', element(0xa0))?.entry.text('cn')).toBe('Ann');
    for (const part of parts.slice(1)) {
      expect(() => read(part), part).toThrow();
      expect(() => read(part, element(0xa0)), part).toThrow();
    }
    expect(() => read('none', Buffer.concat([element(0xa0), element(0xa0)]))).toThrow();
  });

  it('that tells an attribute twice, in whatever case, is none; parts of one that are told by range are not the same', () => {
    expect(() =>
      readEntryMessage(
        entry([
          ['cn', ['Ann']],
          ['CN', ['Ben']],
        ]),
      ),
    ).toThrow();
    expect(() =>
      readEntryMessage(
        entry([
          ['mail', []],
          ['mail', ['a']],
        ]),
      ),
    ).toThrow();
    const ranges = readEntryMessage(
      entry([
        ['member', []],
        ['member;range=0-0', ['a']],
        ['member;range=1-1', ['b']],
      ]),
    )?.entry;
    expect([ranges?.allBytes('member').length, ranges?.options('member').map(({ option }) => option)]).toEqual([
      0,
      ['range=0-0', 'range=1-1'],
    ]);
  });
});
