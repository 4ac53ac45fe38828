/** One more connection to a domain controller that is followed: the very same one, since numbers and cookies of another mean nothing here. */
import { endpointOf } from '../data.ts';
import { type LdapConnection, openConnection } from '../ldap/connection.ts';
import { readIdentity, type ServerIdentity } from '../ldap/domain.ts';
import type { Directory } from '../types.ts';
import type { Ground } from './stance.ts';

export interface Access {
  readonly identity: ServerIdentity;
  readonly password: string;
}

const patienceMs = 3_000;

export async function openOneMore(
  { url }: Pick<Ground, 'url'>,
  directory: Directory,
  { identity, password }: Access,
): Promise<LdapConnection> {
  const opened = await openConnection(endpointOf(directory, url), patienceMs);
  try {
    await opened.bind(directory.settings.bindDn, password);
    // Several may answer to one name.
    if ((await readIdentity(opened)).invocationId !== identity.invocationId) throw new Error('another domain controller answered');
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}
