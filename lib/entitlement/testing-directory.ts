import type { Database } from '#lib/db/database.ts';

/** A small directory and two clusters in a real database: alice is in g-inner, which is in g-devs; carol is alone in g-admins. */
export async function seedDirectory(db: Database): Promise<void> {
  await db.sql.query(`
    INSERT INTO forest (id, name) VALUES ('f-corp', 'corp.example');
    INSERT INTO directory (id, forest_id, domain, base_dn, settings, lockout_window_seconds)
      VALUES ('d-corp', 'f-corp', 'corp.example', 'DC=corp,DC=example', '{}', 1800);
    INSERT INTO domain_controller (id, directory_id, url, fresh_at, state) VALUES ('dc-1', 'd-corp', 'ldaps://dc1', now(), 'following');
    INSERT INTO person (id, forest_id, directory_id, object_guid, dn, sam_account_name, upn, wire_name, display_name, user_account_control, state)
      SELECT 'p-' || name, 'f-corp', 'd-corp', gen_random_uuid(), 'CN=' || name || ',DC=corp,DC=example', name, name || '@corp.example',
        'gatehouse:' || name || '@corp.example', initcap(name), 512, 'enabled'
      FROM unnest(ARRAY['alice', 'bob', 'carol', 'erin', 'frank']) AS name;
    INSERT INTO directory_group (id, forest_id, directory_id, object_guid, dn, sam_account_name, name, group_type, security)
      SELECT 'g-' || name, 'f-corp', 'd-corp', gen_random_uuid(), 'CN=' || name || ',DC=corp,DC=example', name, name, -2147483646, name <> 'mailing'
      FROM unnest(ARRAY['devs', 'inner', 'admins', 'mailing']) AS name;
    INSERT INTO membership (group_id, member_id)
      VALUES ('g-inner', 'p-alice'), ('g-devs', 'g-inner'), ('g-admins', 'p-carol'), ('g-mailing', 'p-frank');
    INSERT INTO cluster (id, name, labels, server_url, ca_pem, kube_system_uid, state) VALUES
      ('c-east', 'east', '{"env": "prod"}', 'https://east.example:6443', '', 'uid-east', 'ready'),
      ('c-west', 'west', '{"env": "staging"}', 'https://west.example:6443', '', 'uid-west', 'ready');
    INSERT INTO cluster_namespace (cluster_id, name, uid)
      SELECT cluster, name, cluster || name FROM unnest(ARRAY['c-east', 'c-west']) AS cluster, unnest(ARRAY['shop', 'payments', 'kube-system']) AS name;
  `);
}
