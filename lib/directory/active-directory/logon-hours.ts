/**
 * The attribute logonHours (MS-ADTS, MS-SAMR 2.2.6.5): 21 bytes, one bit an hour of the week from Sunday 00:00 UTC on, the least significant
 * bit of a byte first. Kept as hex; null where there is no restriction.
 */
const hoursInWeek = 168;

export function logonHoursFromBytes(bytes: Buffer | null): string | null {
  if (bytes?.length !== hoursInWeek / 8 || bytes.every((byte) => byte === 0xff)) return null;
  return bytes.toString('hex');
}
