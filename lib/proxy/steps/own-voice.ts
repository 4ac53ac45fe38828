/** Whoever is somebody here may not ask to be somebody else. A step of its own, behind authentication, so that the audit log knows who asked. */
import { ownImpersonation } from '../answers.ts';
import type { Authenticated } from './authenticate.ts';

export function ownVoice<Former extends Authenticated>(former: Former): Former {
  if (former.headers.reserved !== null) throw ownImpersonation(former.headers.reserved);
  return former;
}
