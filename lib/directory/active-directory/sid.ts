/** A SID: revision, count, six bytes of authority big-endian, then sub-authorities little-endian. The last of them is the RID. */
export function sidFromBytes(bytes: Buffer): string {
  const count = bytes[1] ?? 0;
  if (bytes.length !== 8 + 4 * count) throw new Error('this is not a SID');
  const subAuthorities = Array.from({ length: count }, (_, n) => bytes.readUInt32LE(8 + 4 * n));
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...subAuthorities].join('-');
}

/** The domain part of an account's SID; null for the well-known ones, which belong to no domain. */
export function domainSidOf(sid: string): string | null {
  return /^(S-1-5-21-\d+-\d+-\d+)-\d+$/.exec(sid)?.[1] ?? null;
}

export function sidOfRid(domainSid: string, rid: number): string {
  return `${domainSid}-${rid}`;
}
