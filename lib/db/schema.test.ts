import { expect, test } from 'vitest';
import { testDatabase } from './testing.ts';

test('every model of the Prisma schema reads from the migrated database, column for column', async () => {
  const { db, drop } = await testDatabase();
  try {
    const models = Object.entries(db.prisma).filter(
      (entry): entry is [string, { findFirst(): Promise<unknown> }] =>
        typeof (entry[1] as { findFirst?: unknown } | null)?.findFirst === 'function',
    );
    const tables = await db.sql.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT LIKE '\\_prisma%'`,
    );
    expect(models.length).toBe(tables.rowCount);
    for (const [, model] of models) await model.findFirst();
  } finally {
    await drop();
  }
});
