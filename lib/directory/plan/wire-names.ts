/**
 * The name under which a person is impersonated: the forest's prefix and the UPN in lower case, when it is printable ASCII and nobody else's;
 * else the objectGUID, which cannot be mistaken for a UPN because it has no @. Whoever carries a name keeps it: making a second account with
 * somebody's UPN takes nothing away from the first.
 */
import { foldAscii } from '../active-directory/distinguished-name.ts';

export interface Claim {
  readonly personId: string;
  readonly objectGuid: string;
  readonly upn: string | null;
}

const printableUpn = /^[\x21-\x7e]+@[\x21-\x7e]+$/;

/** The name that this UPN would give, if it is free. */
export function readableName(prefix: string, upn: string | null): string | null {
  return upn !== null && upn.length <= 256 && printableUpn.test(upn) ? `${prefix}:${foldAscii(upn)}` : null;
}

/** `carriers`: who has these names now. Those who are about to leave theirs must not be among them. */
export function assignWireNames(prefix: string, claims: readonly Claim[], carriers: ReadonlyMap<string, string>): Map<string, string> {
  const names = claims.map(({ upn }) => readableName(prefix, upn));
  const wanting = new Map<string, number>();
  for (const name of names) if (name !== null) wanting.set(name, (wanting.get(name) ?? 0) + 1);
  const assigned = new Map<string, string>();
  for (const [n, { personId, objectGuid }] of claims.entries()) {
    const name = names[n] ?? null;
    const carrier = name === null ? undefined : carriers.get(name);
    const isFreeForMe = carrier === undefined && name !== null && wanting.get(name) === 1;
    assigned.set(personId, name !== null && (carrier === personId || isFreeForMe) ? name : `${prefix}:${objectGuid}`);
  }
  return assigned;
}
