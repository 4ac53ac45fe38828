/**
 * Cuts the byte stream of an LDAP connection into whole messages. The library's parser is then handed exactly one message at a time: it
 * never holds half a message over (its buffer outlives a connection), and a group of 100,000 members is joined once, not at each chunk.
 */
const sequenceTag = 0x30;
const messageBytesMax = 128 * 1024 * 1024;

export interface Framer {
  push(chunk: Buffer): void;
}

/** Throws from `push` when what arrives is not LDAP; the connection is then beyond trust. */
export function createFramer(onMessage: (message: Buffer) => void): Framer {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = 0;

  function join(): Buffer {
    const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, held);
    chunks = [whole];
    return whole;
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      while (held >= 2 && held >= needed) {
        let buffer = join();
        needed = messageLength(buffer) ?? held + 1;
        while (needed <= buffer.length) {
          onMessage(buffer.subarray(0, needed));
          buffer = buffer.subarray(needed);
          needed = messageLength(buffer) ?? buffer.length + 1;
        }
        chunks = buffer.length > 0 ? [buffer] : [];
        held = buffer.length;
      }
    },
  };
}

/** The length of the message that begins here, its head included; null while the head is not whole. */
function messageLength(buffer: Buffer): number | null {
  if (buffer.length < 2) return null;
  if (buffer[0] !== sequenceTag) throw new Error('what arrived is not an LDAP message');
  const first = buffer[1] ?? 0;
  if (first < 0x80) return 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || lengthBytes > 4) throw new Error('an LDAP message of unknown length arrived');
  if (buffer.length < 2 + lengthBytes) return null;
  const length = 2 + lengthBytes + buffer.readUIntBE(2, lengthBytes);
  if (length > messageBytesMax) throw new Error(`an LDAP message of ${length} bytes arrived`);
  return length;
}
