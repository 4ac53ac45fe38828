/** For tests alone: fine-grained password policies of a real domain, as an administrator makes them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientFor } from '#e2e/stack/samba/administrator.ts';
import type { Directory } from '#e2e/stack/samba.ts';

const run = promisify(execFile);
const hour = '-36000000000';
const never = '-9223372036854775808';

export async function createPolicy(ad: Directory, name: string, attributes: Record<string, string>): Promise<string> {
  const dn = `CN=${name},${containerOf(ad)}`;
  const administrator = clientFor({ url: ad.url, caFile: ad.caFile, serverName: ad.serverName });
  await administrator.bind(ad.adminDn, ad.adminPassword);
  await administrator.add(dn, {
    objectClass: 'msDS-PasswordSettings',
    'msDS-PasswordSettingsPrecedence': '10',
    'msDS-PasswordReversibleEncryptionEnabled': 'FALSE',
    'msDS-PasswordHistoryLength': '0',
    'msDS-PasswordComplexityEnabled': 'FALSE',
    'msDS-MinimumPasswordLength': '0',
    'msDS-MinimumPasswordAge': '0',
    'msDS-MaximumPasswordAge': never,
    'msDS-LockoutThreshold': '0',
    'msDS-LockoutObservationWindow': hour,
    'msDS-LockoutDuration': hour,
    ...attributes,
  });
  await administrator.unbind();
  return dn;
}

/** Lets every account read the policies that are made from now on; before, only administrators of the domain may. */
export async function letPoliciesBeRead(ad: Directory): Promise<void> {
  const tree = join(ad.caFile, '../../..');
  const place = ['-H', join(tree, 'private/sam.ldb'), '-s', join(tree, 'etc/smb.conf')];
  await run('samba-tool', ['dsacl', 'set', `--objectdn=${containerOf(ad)}`, '--sddl=(A;CI;LCRP;;;AU)', ...place]);
}

function containerOf({ baseDn }: Directory): string {
  return `CN=Password Settings Container,CN=System,${baseDn}`;
}
