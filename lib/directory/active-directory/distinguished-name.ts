/** Distinguished names, only as far as scope needs them: what lies below what. Identity never rests on a DN. */

/** The RDNs from the leaf up, unescaped and folded as far as ASCII goes. */
export function rdnsOf(dn: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let n = 0; n < dn.length; n++) {
    const sign = dn[n] ?? '';
    if (sign === '\\') {
      part += sign + (dn[n + 1] ?? '');
      n++;
    } else if (sign === ',') {
      parts.push(part);
      part = '';
    } else part += sign;
  }
  if (part !== '' || parts.length > 0) parts.push(part);
  return parts.map((one) => foldAscii(unescapeValue(one.trim().replace(/\s*=\s*/, '='))).normalize('NFC'));
}

export function isWithin(dn: string, ancestor: string): boolean {
  const own = rdnsOf(dn);
  const above = rdnsOf(ancestor);
  return above.length > 0 && above.length <= own.length && above.every((rdn, n) => rdn === own[own.length - above.length + n]);
}

/** Only A to Z: JavaScript's own folding makes 'k' of the Kelvin sign, and so a second name for one account. */
export function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** `,dc=corp,dc=example` of a DN in that domain. */
export function domainPart(dn: string): string {
  const at = domainBegins.exec(dn)?.index;
  return at === undefined ? '' : foldAscii(dn.slice(at));
}

const domainBegins = /(?<!\\),DC=/i;

/** corp.example of DC=corp,DC=example. */
export function domainOfBaseDn(baseDn: string): string {
  return rdnsOf(baseDn)
    .filter((rdn) => rdn.startsWith('dc='))
    .map((rdn) => rdn.slice(3))
    .join('.');
}

function unescapeValue(text: string): string {
  const bytes: number[] = [];
  for (let n = 0; n < text.length; ) {
    const escaped = /^\\([0-9a-fA-F]{2})/.exec(text.slice(n, n + 3));
    if (escaped?.[1]) {
      bytes.push(Number.parseInt(escaped[1], 16));
      n += 3;
      continue;
    }
    if (text[n] === '\\' && n + 1 < text.length) n += 1;
    const sign = String.fromCodePoint(text.codePointAt(n) ?? 0);
    bytes.push(...Buffer.from(sign, 'utf8'));
    n += sign.length;
  }
  return Buffer.from(bytes).toString('utf8');
}
