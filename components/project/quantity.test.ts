import { expect, test } from 'vitest';
import { quantity, usesOf } from './quantity.ts';

test('quantities of different units compare by what they are worth', () => {
  expect(quantity('500m')).toBe(0.5);
  expect(quantity('1Gi')).toBe(2 ** 30);
  expect(quantity('4')).toBe(4);
});

test('what is no quantity gives no number', () => {
  expect(quantity('many')).toBeNull();
  expect(quantity('4Xi')).toBeNull();
  expect(quantity(undefined)).toBeNull();
});

test('the fullest resource comes first, and a limit of nothing that is used counts as full', () => {
  const uses = usesOf({
    hard: { pods: '10', 'limits.memory': '1Gi', services: '0' },
    used: { pods: '2', 'limits.memory': '512Mi', services: '1' },
  });
  expect(uses.map(({ resource, share }) => [resource, share])).toEqual([
    ['services', 1],
    ['limits.memory', 0.5],
    ['pods', 0.2],
  ]);
});
