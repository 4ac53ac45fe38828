// What an administrator of the domain does, over LDAPS as an administrator would: nothing here reaches into Samba's files.
import { readFileSync } from 'node:fs';
import { Attribute, Change, Client, InvalidCredentialsError } from 'ldapts';
import { baseDn, domain, escapeDnValue } from './names.ts';
import { passwordFor } from './people.ts';

export interface Endpoint {
  url: string;
  caFile: string;
  serverName: string;
}

export interface NewUser {
  login: string;
  displayName?: string;
  /** Distinguished name of the organizational unit; without it, People. */
  unit?: string;
  password?: string;
  attributes?: Record<string, string | string[]>;
}

/** Values to replace (an empty list clears), or changes as LDAP has them. */
export type Changes = Change[] | Record<string, string | string[]>;

export interface Administrator {
  modify(dn: string, changes: Changes): Promise<void>;
  setDisabled(login: string, disabled: boolean): Promise<void>;
  setPassword(login: string, password: string): Promise<void>;
  addMember(groupDn: string, memberDn: string): Promise<void>;
  removeMember(groupDn: string, memberDn: string): Promise<void>;
  createUser(user: NewUser): Promise<{ dn: string; upn: string; password: string }>;
  deleteUser(login: string): Promise<void>;
  createGroup(name: string, members?: string[]): Promise<string>;
  remove(dn: string): Promise<void>;
  /** Renames or moves: the new distinguished name in full. */
  move(dn: string, newDn: string): Promise<void>;
  /** Where the account lies now. */
  find(login: string): Promise<string>;
  close(): Promise<void>;
}

const disabledBit = 0x2;
const normalAccount = '512';
const globalSecurityGroup = String(0x80000002 | 0);

export function clientFor({ url, caFile, serverName }: Endpoint): Client {
  return new Client({ url, tlsOptions: { ca: readFileSync(caFile), servername: serverName }, connectTimeout: 5_000, timeout: 15_000 });
}

export async function signInAsAdministrator(endpoint: Endpoint, dn: string, password: string): Promise<Administrator> {
  const client = clientFor(endpoint);
  await client.bind(dn, password);
  return administratorWith(client);
}

/** What a person does who forgot the password; the domain counts it. */
export async function tryWrongPassword(endpoint: Endpoint, dn: string, times: number): Promise<void> {
  const client = clientFor(endpoint);
  try {
    for (let n = 0; n < times; n++) {
      await client.bind(dn, `wrong-${n}`).catch((error: unknown) => {
        if (!(error instanceof InvalidCredentialsError)) throw error;
      });
    }
  } finally {
    await client.unbind();
  }
}

function administratorWith(client: Client): Administrator {
  const account = async (login: string) => {
    const { searchEntries } = await client.search(baseDn, {
      scope: 'sub',
      filter: `(sAMAccountName=${login.replace(/[\\*()\0]/g, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)})`,
      attributes: ['userAccountControl'],
    });
    const [found] = searchEntries;
    if (!found) throw new Error(`${domain} has no account ${login}`);
    return { dn: found.dn, control: Number(found.userAccountControl) };
  };
  const modify = async (dn: string, changes: Changes) => client.modify(dn, Array.isArray(changes) ? changes : replacements(changes));
  const change = async (operation: 'add' | 'delete', groupDn: string, memberDn: string) =>
    client.modify(groupDn, [new Change({ operation, modification: new Attribute({ type: 'member', values: [memberDn] }) })]);

  return {
    modify,
    setDisabled: async (login, disabled) => {
      const { dn, control } = await account(login);
      await modify(dn, { userAccountControl: String(disabled ? control | disabledBit : control & ~disabledBit) });
    },
    setPassword: async (login, password) => client.modify((await account(login)).dn, [passwordChange(password)]),
    addMember: (groupDn, memberDn) => change('add', groupDn, memberDn),
    removeMember: (groupDn, memberDn) => change('delete', groupDn, memberDn),
    createUser: async ({ login, displayName = login, unit = `OU=People,${baseDn}`, password = passwordFor(login), attributes = {} }) => {
      const dn = `CN=${escapeDnValue(displayName)},${unit}`;
      const upn = `${login}@${domain}`;
      const names = { sAMAccountName: login, userPrincipalName: upn, displayName };
      // Without a password an account can only be made disabled; so it is made, given one, and enabled.
      await client.add(dn, {
        objectClass: 'user',
        userAccountControl: String(Number(normalAccount) | disabledBit),
        ...names,
        ...attributes,
      });
      await client.modify(dn, [passwordChange(password), ...replacements({ userAccountControl: normalAccount })]);
      return { dn, upn, password };
    },
    deleteUser: async (login) => client.del((await account(login)).dn),
    createGroup: async (name, members = []) => {
      const dn = `CN=${escapeDnValue(name)},OU=Groups,${baseDn}`;
      const attributes = { objectClass: 'group', sAMAccountName: name, groupType: globalSecurityGroup };
      await client.add(dn, members.length > 0 ? { ...attributes, member: members } : attributes);
      return dn;
    },
    remove: (dn) => client.del(dn),
    move: (dn, newDn) => client.modifyDN(dn, newDn),
    find: async (login) => (await account(login)).dn,
    close: () => client.unbind(),
  };
}

function replacements(values: Record<string, string | string[]>): Change[] {
  return Object.entries(values).map(
    ([type, value]) =>
      new Change({ operation: 'replace', modification: new Attribute({ type, values: Array.isArray(value) ? value : [value] }) }),
  );
}

/** AD takes a new password as the quoted text in UTF-16. */
function passwordChange(password: string): Change {
  const values = [Buffer.from(`"${password}"`, 'utf16le')];
  return new Change({ operation: 'replace', modification: new Attribute({ type: 'unicodePwd', values }) });
}
