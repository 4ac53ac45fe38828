import type { Database } from './database.ts';
import { newId } from './ids.ts';

/** The installation's id, made once: it stands in every object we own in a cluster, so that two installations leave each other alone. */
export async function ensureInstallation(db: Database): Promise<{ id: string }> {
  await db.sql.query('INSERT INTO installation (id) VALUES ($1) ON CONFLICT (only_one) DO NOTHING', [newId('i').slice(0, 10)]);
  const { rows } = await db.sql.query<{ id: string }>('SELECT id FROM installation');
  const [row] = rows;
  if (!row) throw new Error('the installation row was neither made nor found');
  return row;
}
