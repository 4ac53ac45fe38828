import { expect, test } from 'vitest';
import { bucketsFor, windowSeconds } from './throttle.ts';

const names = (name: string, address: string | null) => bucketsFor(name, address).map((bucket) => bucket.name);

test('a try is counted for the name from there, for the place, and for the name from everywhere; what was typed is not kept', () => {
  const [fromThere, place, everywhere] = bucketsFor('my password by mistake', '192.0.2.1');
  expect([fromThere?.budget, place?.budget, everywhere?.budget]).toEqual([5, 20, 50]);
  expect(place?.name).toBe('break-glass:address:192.0.2.1');
  expect(JSON.stringify([fromThere, place, everywhere])).not.toContain('password');
  for (const bucket of [fromThere, place, everywhere]) expect(bucket?.windowSeconds).toBe(windowSeconds);
});

test('all addresses of one IPv6 network are one place', () => {
  expect(names('glass', '2001:db8:1:2::1')).toEqual(names('glass', '2001:db8:1:2:ffff:ffff:ffff:1'));
  expect(names('glass', '2001:db8:1:2::1')).not.toEqual(names('glass', '2001:db8:1:3::1'));
});

test.each(['127.0.0.1', '127.9.9.9', '::1'])('whoever sits at the machine (%s) is not held up by tries from elsewhere', (address) => {
  const elsewhere = new Set(names('glass', '192.0.2.1'));
  expect(names('glass', address).filter((name) => elsewhere.has(name))).toEqual([]);
});
