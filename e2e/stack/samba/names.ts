// How the people and groups of corp.example are called in the directory.
import { everybody, type Profile } from './roster.ts';

export const domain = 'corp.example';
export const baseDn = 'DC=corp,DC=example';

export function dnByLogin(login: string): string {
  const profile = everybody.find((one) => one.login === login);
  if (!profile) throw new Error(`nobody in ${domain} is called ${login}`);
  return dnOf(profile);
}

export function dnOf(profile: Profile): string {
  const unit = profile.unit ?? `OU=${profile.city},OU=${profile.department},OU=People`;
  return `CN=${escapeDnValue(commonNameOf(profile))},${unit},${baseDn}`;
}

function commonNameOf(profile: Profile): string {
  return profile.commonName ?? displayNameOf(profile);
}

export function displayNameOf({ given, family }: Profile): string {
  return `${given} ${family}`.trim();
}

export function upnOf({ login, upn }: Profile): string | null {
  return upn === undefined ? `${login}@${domain}` : upn;
}

export function groupDn(name: string): string {
  return `CN=${name},OU=Groups,${baseDn}`;
}

/** One value of a distinguished name, as RFC 4514 wants it written. */
export function escapeDnValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^([ #])/, '\\$1')
    .replace(/ $/, '\\ ');
}
