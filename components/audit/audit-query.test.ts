import { expect, test } from 'vitest';
import { exportSearch, queryOf } from './audit-query.ts';

test('the end day of a filter counts with all its hours', () => {
  expect(queryOf({ from: '2026-11-01', to: '2026-11-30' })).toEqual({
    from: new Date('2026-11-01T00:00:00Z'),
    to: new Date('2026-12-01T00:00:00Z'),
  });
});

test('what is no filter is left out, whatever somebody typed into the address', () => {
  expect(queryOf({ noun: 'DROP TABLE', from: 'yesterday', offset: '-1', colour: 'red' })).toEqual({});
});

test('the export asks for the same events, from the beginning', () => {
  expect(queryOf({ noun: 'break-glass' })).toEqual({ noun: 'break-glass' });
  expect(exportSearch({ noun: 'grant', search: 'alice', offset: '42' })).toEqual({ search: 'alice', noun: 'grant' });
  expect(exportSearch({})).toEqual({});
});
