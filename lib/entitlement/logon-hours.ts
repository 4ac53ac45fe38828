/** Whether an account with these logon hours (168 bits in hex, least significant bit of a byte first, from Sunday 00:00 UTC) may act now. */
export function isWithinHours(logonHours: string | null, now: Date): boolean {
  if (logonHours === null) return true;
  const hour = now.getUTCDay() * 24 + now.getUTCHours();
  const byte = Number.parseInt(logonHours.slice((hour >> 3) * 2, (hour >> 3) * 2 + 2), 16);
  // Not readable is not allowed.
  return ((byte >> (hour & 7)) & 1) === 1;
}
