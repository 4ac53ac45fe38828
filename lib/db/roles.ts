/**
 * The least that each process needs in Postgres. The supervisor, who alone holds the owner's URL, makes one login role a process at each
 * start and grants anew, so that a new table is out of reach until somebody says otherwise here. What matters most: the portal cannot
 * read a sealed secret, nobody can change or remove an audit event, and the proxy writes nothing but acknowledgements, beats and last use.
 */
import pg from 'pg';

export type ProcessRole = 'portal' | 'proxy' | 'worker';

const portalReads = [
  'installation',
  'change',
  'change_counter',
  'replica',
  'request',
  'audit_event',
  'forest',
  'directory',
  'domain_controller',
  'directory_sync',
  'person',
  'directory_group',
  'membership',
  'foreign_member',
  'foreign_membership',
  'revocation',
  'revocation_ack',
  'cluster',
  'cluster_invitation',
  'cluster_status',
  'cluster_health',
  'cluster_self_test',
  'observed_object',
  'cluster_namespace',
  'cluster_entry',
  'project',
  'project_namespace',
  'role',
  'scope',
  'binding',
  'portal_session',
  'login_attempt',
  'credential',
  'break_glass_account',
  'break_glass_session',
  'break_glass_alert',
  'break_glass_switch',
];
const proxyReads = [
  'installation',
  'change',
  'replica',
  'forest',
  'directory',
  'domain_controller',
  'person',
  'directory_group',
  'membership',
  'revocation',
  'revocation_ack',
  'cluster',
  'cluster_door_credential',
  'cluster_namespace',
  'cluster_entry',
  'cluster_status',
  'project',
  'project_namespace',
  'role',
  'scope',
  'binding',
  'credential',
];

const grants: Readonly<Record<ProcessRole, readonly string[]>> = {
  portal: [
    `SELECT ON ${portalReads.join(', ')}`,
    'INSERT ON audit_event, request, revocation, change, role, scope, binding, project, project_namespace, credential, portal_session, cluster_invitation, replica, login_attempt',
    'UPDATE ON change_counter, role, scope, binding, project, credential, portal_session, cluster_invitation, replica, installation',
    'UPDATE (labels, title, strict) ON cluster',
    'UPDATE (cut_at, cut_reason, state, state_since, updated_at) ON person',
    'DELETE ON project_namespace',
    // How old a cluster's credentials are; never what they are.
    'SELECT (cluster_id, version, expires_at, renewed_at) ON cluster_door_credential, cluster_reconcile_credential',
  ],
  proxy: [
    `SELECT ON ${proxyReads.join(', ')}`,
    'SELECT, UPDATE ON change_counter',
    'INSERT ON audit_event, revocation_ack, replica, change',
    'UPDATE ON replica',
    'UPDATE (last_used_at, last_used_address, last_used_client, revoked_at, revoke_reason) ON credential',
    'UPDATE (state, state_detail, state_since) ON cluster',
  ],
  worker: ['SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public'],
};

export function roleName(database: string, role: ProcessRole): string {
  return `${database}_${role}`;
}

/** Makes the three roles with the given passwords and grants each its least. Idempotent; one at a time by an advisory lock. */
export async function ensureProcessRoles(
  ownerUrl: string,
  passwords: Readonly<Record<ProcessRole, string>>,
): Promise<Record<ProcessRole, string>> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  const database = new URL(ownerUrl).pathname.slice(1);
  const urls = {} as Record<ProcessRole, string>;
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [72_707_370]);
    await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    for (const role of ['portal', 'proxy', 'worker'] as const) {
      const name = roleName(database, role);
      const quoted = client.escapeIdentifier(name);
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${quoted} LOGIN`);
      await client.query(
        `ALTER ROLE ${quoted} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${client.escapeLiteral(passwords[role])}`,
      );
      await client.query(`REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${quoted}`);
      await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${quoted}`);
      await client.query(`GRANT USAGE ON SCHEMA public TO ${quoted}`);
      await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${quoted}`);
      await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${quoted}`);
      for (const grant of grants[role]) await client.query(`GRANT ${grant} TO ${quoted}`);
      for (const table of await auditTables(client))
        await client.query(`REVOKE UPDATE, DELETE, TRUNCATE ON ${client.escapeIdentifier(table)} FROM ${quoted}`);
      urls[role] = urlFor(ownerUrl, name, passwords[role]);
    }
    await client.query('COMMIT');
    return urls;
  } finally {
    await client.end();
  }
}

/** The audit table and its days: a right on a partition would be a way round the parent's. */
async function auditTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'audit\\_event%'`,
  );
  return rows.map(({ relname }) => relname);
}

function urlFor(ownerUrl: string, user: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = user;
  url.password = password;
  return url.toString();
}
