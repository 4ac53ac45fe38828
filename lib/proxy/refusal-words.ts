/**
 * Reads whom a 403 of the API server is about. Pure. The name of a request's object stands in that message unescaped, so a client could put a
 * whole sentence about our account there; the true subject is the last `forbidden: User "`, behind which everything that a client chose is
 * quoted with its quotes escaped.
 */
import { accountName, doorAccount } from '#lib/cluster/names.ts';

const account = accountName(doorAccount);
const subject = 'forbidden: User "';
const onBehalf = 'impersonate-on:user-info:';

export type OwnRefusal =
  /** To act as somebody in these groups; or anything else of ours. */
  | { readonly of: 'groups' | 'account' }
  /** What was asked for is beyond what our account may do in anybody's name there; `words` say it of the person. */
  | { readonly of: 'ceiling'; words(person: string): string };

export function ownRefusalIn(message: string): OwnRefusal | null {
  const at = message.lastIndexOf(subject);
  const who = message.slice(at + subject.length);
  const refusal = `${account}" cannot impersonate`;
  if (at === -1 || !who.startsWith(refusal)) return null;
  const what = who.slice(`${account}" cannot `.length);
  if (what.startsWith(onBehalf)) {
    const head = message.slice(0, at + subject.length);
    return { of: 'ceiling', words: (person) => `${head}${person}" cannot ${what.slice(onBehalf.length)}` };
  }
  return { of: /^\S+ resource "groups"/.test(what) ? 'groups' : 'account' };
}

/** The message of a Status, as far as the beginning of the body shows it whole. */
export function statusMessageIn(contentType: string, head: Buffer): string | null {
  if (contentType.includes('protobuf')) return inProtobuf(head);
  const text = head.toString('utf8');
  if (contentType.includes('yaml')) return inYaml(text);
  const [, quoted] = /"message":\s*("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  try {
    return quoted === undefined ? null : (JSON.parse(quoted) as string);
  } catch {
    return null;
  }
}

/** Status { message = 3 } inside Unknown { raw = 2 }, behind the four bytes `k8s\0`. */
function inProtobuf(head: Buffer): string | null {
  if (head.subarray(0, 4).toString('latin1') !== 'k8s\0') return null;
  const raw = fieldOf(head.subarray(4), 2);
  const message = raw && fieldOf(raw, 3);
  return message ? message.toString('utf8') : null;
}

/** The first length-delimited field of that number; fields of other kinds do not come before those we read. */
function fieldOf(bytes: Buffer, wanted: number): Buffer | null {
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    if ((tag & 7) !== 2 || tag > 127) return null;
    let length = 0;
    let shift = 0;
    for (at += 1; ; at += 1, shift += 7) {
      const byte = bytes[at];
      if (byte === undefined || shift > 28) return null;
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    at += 1;
    if (tag >> 3 === wanted) return bytes.subarray(at, at + length);
    at += length;
  }
  return null;
}

/** A long message is folded over lines, in whichever quotes. */
function inYaml(text: string): string | null {
  const [, value] = /^message: ([\s\S]*?)\n(?=\S)/m.exec(text) ?? [];
  if (value === undefined) return null;
  const line = value.replace(/\s*\n\s*/g, ' ').trim();
  if (line.startsWith("'")) return line.slice(1, -1).replaceAll("''", "'");
  return line.startsWith('"') ? line.slice(1, -1).replaceAll('\\"', '"') : line;
}
