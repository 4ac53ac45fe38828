import { expect, test } from 'vitest';
import { auditEvents } from '#lib/audit/events.ts';
import { detailsOf, eventInWords } from './event-words.ts';

test('every event that is recorded has words of its own', () => {
  const wordless = auditEvents.filter((event) => eventInWords(event) === event.replace('.', ': ').replaceAll('-', ' '));
  expect(wordless).toEqual([]);
});

test('ids are kept for whoever opens the row, and what is empty is left out', () => {
  expect(detailsOf({ where: 'all clusters', roleId: 'r-1', until: null, readOnly: false })).toEqual([
    { name: 'where', value: 'all clusters', telling: true },
    { name: 'role id', value: 'r-1', telling: false },
    { name: 'read only', value: 'no', telling: false },
  ]);
});
