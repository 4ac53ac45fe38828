/** Why somebody leaves, as an administrator of the domain does it, and what has to be over then. */
import { tryWrongPassword } from '#e2e/stack/samba/administrator.ts';
import { groupDn } from '#e2e/stack/samba/names.ts';
import type { Directory } from '#e2e/stack/samba.ts';
import { fileTimeOf } from './file-time.ts';

export interface Reason {
  readonly name: string;
  readonly covers: string;
  /** What every request is answered with from then on; null: they go on. */
  readonly refusedWith: 401 | 403 | null;
  readonly endsSession: boolean;
  /** Seen by a domain controller that does not lead, it is over at once; everything else waits until the leader hears of it. */
  readonly needsNoLeader?: boolean;
  /** Performs it at a domain controller and gives the moment, by performance.now, from which it holds. */
  act(ad: Directory, login: string): Promise<number>;
}

export const outerGroup = 'offboarding';
export const innerGroup = 'offboarding-team';
/** A team of one, so that it can leave as a whole. */
export const teamOf = (login: string) => `offboarding-of-${login}`.slice(0, 60);
export const newPassword = 'Lantern-Copper-47';

const wrongPasswordsBeforeALock = 5;
const expiresInMs = 1_500;
const everything = { refusedWith: 401, endsSession: true } as const;
const nothing = { refusedWith: null, endsSession: false } as const;

/** For an act that holds as soon as the domain controller has answered. */
const atOnce = (act: (ad: Directory, login: string) => Promise<unknown>) => async (ad: Directory, login: string) => {
  await act(ad, login);
  return performance.now();
};

const leavesTheInnerGroup = 'leaves a group that is inside the group with the grant';
export const teamLeaves = 'is in a group that leaves the group with the grant';
export const isReplaced = 'is deleted, and another comes under all of the names';
export const isRenamed = 'is renamed, and nothing but labels changes';
export const isDeleted = 'is deleted';

export const reasons: readonly Reason[] = [
  {
    name: 'is disabled',
    covers: 'SECURITY 40',
    needsNoLeader: true,
    ...everything,
    act: atOnce((ad, login) => ad.setDisabled(login, true)),
  },
  { name: isDeleted, covers: 'SECURITY 40', needsNoLeader: true, ...everything, act: atOnce((ad, login) => ad.deleteUser(login)) },
  {
    name: 'expires by the clock',
    covers: 'SECURITY 40',
    ...everything,
    async act(ad, login) {
      const end = Date.now() + expiresInMs;
      await ad.modify(await ad.find(login), { accountExpires: fileTimeOf(new Date(end)) });
      return performance.now() + (end - Date.now());
    },
  },
  {
    name: 'is locked by wrong passwords',
    needsNoLeader: true,
    covers: 'SECURITY 40',
    ...everything,
    act: atOnce(async (ad, login) => tryWrongPassword(ad, await ad.find(login), wrongPasswordsBeforeALock)),
  },
  {
    name: leavesTheInnerGroup,
    needsNoLeader: true,
    covers: 'SECURITY 40, 42',
    refusedWith: 403,
    endsSession: false,
    act: atOnce(async (ad, login) => ad.removeMember(groupDn(innerGroup), await ad.find(login))),
  },
  {
    name: teamLeaves,
    needsNoLeader: true,
    covers: 'SECURITY 40, 42',
    refusedWith: 403,
    endsSession: false,
    act: atOnce((ad, login) => ad.removeMember(groupDn(outerGroup), groupDn(teamOf(login)))),
  },
  {
    name: 'is moved out of scope',
    covers: 'SECURITY 40',
    ...everything,
    act: atOnce(async (ad, login) => ad.move(await ad.find(login), `CN=${login},OU=Leavers,${ad.baseDn}`)),
  },
  {
    name: isReplaced,
    covers: 'SECURITY 33',
    ...everything,
    act: atOnce(async (ad, login) => {
      await ad.deleteUser(login);
      await ad.createUser({ login, displayName: login });
    }),
  },
  {
    name: 'changes the password: sessions end, devices stay',
    covers: 'policy',
    refusedWith: null,
    endsSession: true,
    act: atOnce((ad, login) => ad.setPassword(login, newPassword)),
  },
  {
    name: isRenamed,
    covers: 'SECURITY 33',
    ...nothing,
    act: atOnce(async (ad, login) => {
      const dn = await ad.find(login);
      const name = newNameOf(login);
      await ad.modify(dn, { sAMAccountName: name, userPrincipalName: `${name}@${ad.domain}`, displayName: name });
      await ad.move(dn, `CN=${name},${dn.slice(dn.indexOf(',') + 1)}`);
    }),
  },
  { name: 'does nothing, and notices nothing', covers: 'nobody else', ...nothing, act: atOnce(async () => {}) },
];

export function newNameOf(login: string): string {
  return `new.${login}`.slice(0, 20);
}
