import type { Database, Tx } from '#lib/db/database.ts';
import type { Actor } from './record.ts';

/** Whoever a request row names as its asker, as the actor of what comes of it. Nobody can have asked but during the first steps. */
export async function askerAsActor(tx: Tx | Database['prisma'], askerId: string | null): Promise<Actor> {
  const setup: Actor = { kind: 'system', name: 'setup' };
  if (!askerId) return setup;
  const person = await tx.person.findUnique({ where: { id: askerId }, select: { upn: true, displayName: true } });
  if (person) return { kind: 'person', id: askerId, name: person.upn ?? person.displayName };
  const account = await tx.breakGlassAccount.findUnique({ where: { id: askerId }, select: { name: true } });
  return account ? { kind: 'break-glass', id: askerId, name: account.name } : setup;
}
