/** An account about which nothing is remarkable: tests name what is. */
import type { KnownPerson, PersonFacts } from '../types.ts';

export const ordinaryAccount = {
  sid: null,
  mail: null,
  title: null,
  department: null,
  userAccountControl: 0x200,
  primaryGroupRid: null,
  accountExpiresAt: null,
  lockoutAt: null,
  logonHours: null,
  passwordSetAt: null,
  mustChangePassword: false,
  stamps: null,
} satisfies Partial<PersonFacts>;

export const ordinaryPerson = {
  ...ordinaryAccount,
  deletedAt: null,
  outOfScope: false,
  cutAt: null,
  state: 'enabled',
} satisfies Partial<KnownPerson>;
