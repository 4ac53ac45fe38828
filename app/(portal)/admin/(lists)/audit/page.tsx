import type { Metadata } from 'next';
import { AuditPage } from '#components/audit/audit-page.tsx';
import { queryOf } from '#components/audit/audit-query.ts';
import { oneOf, readSearch, type SearchParams } from '#components/ui/address.ts';
import { auditEvents } from '#lib/audit/events.ts';
import { auditList } from '#lib/audit/loaders.ts';
import { load } from '#lib/session/load.ts';

export const metadata: Metadata = { title: 'Audit' };

const pageSize = 100;

export default async function Audit({ searchParams }: { searchParams: SearchParams }) {
  const search = await readSearch(searchParams);
  const event = oneOf(auditEvents, search.event);
  const log = await load(auditList, { ...queryOf(search), event, limit: pageSize });
  return <AuditPage log={log} events={auditEvents} search={search} />;
}
