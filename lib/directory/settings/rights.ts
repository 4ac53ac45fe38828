/** What our account may not do in a domain, what that costs, and the command by which an admin of the domain gives it. Pure. */
import type { ChangeMode } from '../follow/changes.ts';

export interface MissingRight {
  readonly right: string;
  /** What works less well without it. */
  readonly without: string;
  readonly windows: string[];
  readonly samba: string[];
}

/** The account as the domain names it; null where it could not be found out. */
export interface SyncAccount {
  readonly name: string;
  readonly sid: string;
}

const readDeleted =
  'from samba.auth import system_session; from samba.param import LoadParm; from samba.samdb import SamDB; from samba.sd_utils import SDUtils; lp = LoadParm(); lp.load_default();';
const getChanges = '1131f6aa-9c07-11d1-f79f-00c04fc2dcd2';

export function missingRights(mode: ChangeMode | null, baseDn: string, account: SyncAccount | null): MissingRight[] {
  if (mode === null || mode === 'dirsync-with-tombstones') return [];
  const { name, sid } = account ?? { name: 'DOMAIN\\account', sid: 'SID-OF-THE-ACCOUNT' };
  const polling = mode === 'usn' ? ' Changes are found by polling, which costs the domain controller more.' : '';
  return [
    {
      right: 'Replicating Directory Changes',
      without: `Deleted objects are not seen: a deleted account is noticed within 15 seconds instead of one.${polling}`,
      windows: [`dsacls "${baseDn}" /G "${name}:CA;Replicating Directory Changes"`],
      samba: [
        `samba-tool dsacl set --objectdn="${baseDn}" --sddl="(OA;;CR;${getChanges};;${sid})"`,
        // samba-tool itself does not reach the container of the deleted. Inherited (CI), because whoever was deleted elsewhere gets its rights there.
        `python3 -c '${readDeleted} SDUtils(SamDB(session_info=system_session(), lp=lp)).dacl_add_ace("CN=Deleted Objects,${baseDn}", "(A;CI;LCRP;;;${sid})")'`,
      ],
    },
  ];
}
