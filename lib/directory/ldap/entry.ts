/** An entry as the wire had it: an attribute that is absent, one without values, and one with values are three different things. */
import { guidFromBytes } from '../active-directory/guid.ts';

export interface RawEntry {
  /** Without the <GUID=…>;<SID=…>; that the extended DN control puts before it. */
  readonly dn: string;
  has(attribute: string): boolean;
  text(attribute: string): string | null;
  texts(attribute: string): string[];
  bytes(attribute: string): Buffer | null;
  allBytes(attribute: string): readonly Buffer[];
  /** The attribute with its options, as `member;range=0-1499`: what the server chose to return. */
  options(attribute: string): { readonly option: string; readonly values: readonly Buffer[] }[];
}

export interface ExtendedDn {
  readonly guid: string | null;
  readonly dn: string;
}

const guidPart = /^<GUID=([0-9a-f-]{32,36})>;/i;
const sidPart = /<SID=(S-1-[0-9-]+)>;/i;

export function splitExtendedDn(text: string): ExtendedDn {
  const guid = guidPart.exec(text)?.[1];
  const dn = text.replace(/^(?:<[A-Za-z_]+=[^>]*>;)+/, '');
  if (!guid) return { guid: null, dn };
  return { guid: guid.includes('-') ? guid.toLowerCase() : guidFromBytes(Buffer.from(guid, 'hex')), dn };
}

/** The SID that stands before the DN; null where there is none. */
export function sidOfExtendedDn(text: string, dn: string): string | null {
  return sidPart.exec(text.slice(0, text.length - dn.length))?.[1]?.toUpperCase() ?? null;
}
