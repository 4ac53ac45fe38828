/**
 * A search entry, read by hand. The library decodes each value as text, twice, and throws within for each that is none, as every GUID is: of
 * a domain with a million and a half links that alone takes longer than the domain controller needs to tell them. Here a value is a place in
 * the message until somebody asks for it. Whatever does not add up to the last byte throws, and ends the connection.
 */
import { type RawEntry, splitExtendedDn } from './entry.ts';

export interface EntryMessage {
  readonly messageId: number;
  readonly entry: RawEntry;
}

const tags = { integer: 0x02, octetString: 0x04, sequence: 0x30, set: 0x31, searchEntry: 0x64, controls: 0xa0 } as const;

/** Null when the message is no search entry, for the library to read. */
export function readEntryMessage(message: Buffer): EntryMessage | null {
  const whole = open(message, 0, message.length, tags.sequence);
  const id = open(message, whole.from, whole.to, tags.integer);
  if (message[id.to] !== tags.searchEntry) return null;
  if (id.to - id.from > 4 || id.to === id.from) throw new Error('a search entry of no message');
  const messageId = message.readUIntBE(id.from, id.to - id.from);
  const body = open(message, id.to, whole.to, tags.searchEntry);
  if (body.to < whole.to) mustEnd(open(message, body.to, whole.to, tags.controls), whole);
  mustEnd(whole, { to: message.length });
  const name = open(message, body.from, body.to, tags.octetString);
  const list = open(message, name.to, body.to, tags.sequence);
  mustEnd(list, body);
  const attributes = new Map<string, Buffer[]>();
  let told = 0;
  for (let at = list.from; at < list.to; ) {
    const attribute = open(message, at, list.to, tags.sequence);
    const type = open(message, attribute.from, attribute.to, tags.octetString);
    const values = open(message, type.to, attribute.to, tags.set);
    mustEnd(values, attribute);
    attributes.set(message.toString('latin1', type.from, type.to).toLowerCase(), valuesIn(message, values));
    at = attribute.to;
    told += 1;
  }
  // Two answers to one question: which of them holds, nobody says. An attribute's options are part of its name.
  if (attributes.size !== told) throw new Error('a search entry that tells an attribute twice');
  return { messageId, entry: entryOf(message.toString('utf8', name.from, name.to), attributes) };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function valuesIn(message: Buffer, { from, to }: Span): Buffer[] {
  const values: Buffer[] = [];
  for (let at = from; at < to; ) {
    const value = open(message, at, to, tags.octetString);
    values.push(message.subarray(value.from, value.to));
    at = value.to;
  }
  return values;
}

/** The inside of the element that begins here and has to end within `limit`. */
function open(message: Buffer, at: number, limit: number, tag: number): Span {
  const first = message[at + 1];
  if (message[at] !== tag || first === undefined) throw new Error('a search entry is not of the form of one');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const from = at + 2 + lengthBytes;
  if (first === 0x80 || lengthBytes > 4 || from > limit) throw new Error('a search entry of unknown length');
  const length = lengthBytes === 0 ? first : message.readUIntBE(at + 2, lengthBytes);
  if (from + length > limit) throw new Error('a search entry that is cut');
  return { from, to: from + length };
}

/** What an element holds reaches to its end. */
function mustEnd(inner: Pick<Span, 'to'>, outer: Pick<Span, 'to'>): void {
  if (inner.to !== outer.to) throw new Error('a search entry with something left over');
}

const none: readonly Buffer[] = [];

function entryOf(name: string, attributes: ReadonlyMap<string, Buffer[]>): RawEntry {
  const valuesOf = (attribute: string) => attributes.get(attribute.toLowerCase()) ?? none;
  const textOf = (value: Buffer) => value.toString('utf8');
  return {
    dn: splitExtendedDn(name).dn,
    has: (attribute) => attributes.has(attribute.toLowerCase()),
    text: (attribute) => valuesOf(attribute)[0]?.toString('utf8') ?? null,
    texts: (attribute) => valuesOf(attribute).map(textOf),
    bytes: (attribute) => valuesOf(attribute)[0] ?? null,
    allBytes: valuesOf,
    options: (attribute) => {
      const prefix = `${attribute.toLowerCase()};`;
      return [...attributes]
        .filter(([type]) => type.startsWith(prefix))
        .map(([type, values]) => ({ option: type.slice(prefix.length), values }));
    },
  };
}
