/** objectGUID, the one key that never changes. Its first three fields lie little-endian on the wire and read big-endian in text. */
export function guidFromBytes(bytes: Buffer): string {
  if (bytes.length !== 16) throw new Error(`an objectGUID has 16 bytes, not ${bytes.length}`);
  const hex = reorder(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function guidToBytes(guid: string): Buffer {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)) throw new Error('this is not an objectGUID');
  return reorder(Buffer.from(guid.replaceAll('-', ''), 'hex'));
}

/** As the base of a search: finds the object wherever it lies now. */
export function guidAsBase(guid: string): string {
  return `<GUID=${guidToBytes(guid).toString('hex')}>`;
}

function reorder(bytes: Buffer): Buffer {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Buffer.from(order.map((n) => bytes[n] ?? 0));
}
