/** For tests and benches of what stands on a directory: the forest f-1 with its directory d-1, corp.example, which nobody follows. */
import type { Database } from '#lib/db/database.ts';

export async function insertCorpExample({ sql }: Database): Promise<void> {
  await sql.query(`
    INSERT INTO forest (id, name) VALUES ('f-1', 'corp.example');
    INSERT INTO directory (id, forest_id, domain, base_dn, settings) VALUES ('d-1', 'f-1', 'corp.example', 'DC=corp,DC=example', '{}')`);
}
