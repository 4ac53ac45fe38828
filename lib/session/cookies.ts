/** The portal's cookies: HttpOnly, SameSite=Lax, for the whole path, never with a Domain; `__Host-` and Secure as soon as the portal is https. */
import type { Cookies } from '#lib/api/context.ts';

export const sessionCookie = 'gatehouse.session';
export const setupCookie = 'gatehouse.setup';
export const breakGlassCookie = 'gatehouse.break-glass';

export function isSecure(portalUrl: string): boolean {
  return portalUrl.startsWith('https://');
}

export function cookieName(name: string, portalUrl: string): string {
  return isSecure(portalUrl) ? `__Host-${name}` : name;
}

/** The first of a name wins nothing: a name given twice is nobody's cookie. */
export function readCookies(header: string | null): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const doubled = new Set<string>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0) continue;
    const name = part.slice(0, at).trim();
    if (found.has(name)) doubled.add(name);
    found.set(name, unquote(part.slice(at + 1).trim()));
  }
  for (const name of doubled) found.delete(name);
  return found;
}

function unquote(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Cookies for one answer; `setCookieHeaders` are what it must carry. */
export function createCookies(header: string | null, portalUrl: string): Cookies & { readonly setCookieHeaders: readonly string[] } {
  const sent = readCookies(header);
  const setCookieHeaders: string[] = [];
  return {
    setCookieHeaders,
    get: (name) => sent.get(cookieName(name, portalUrl)) ?? null,
    set(name, value, maxAgeSeconds) {
      const parts = [`${cookieName(name, portalUrl)}=${encodeURIComponent(value ?? '')}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
      if (isSecure(portalUrl)) parts.push('Secure');
      if (value === null) parts.push('Max-Age=0');
      else if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${Math.floor(maxAgeSeconds)}`);
      setCookieHeaders.push(parts.join('; '));
    },
  };
}
