import { expect, it } from 'vitest';
import { accountBudget, budgetOf, budgetOfUnreadable, networkOf } from './login-throttle.ts';

it('a budget is two below what AD locks at, at least one, and five where nobody says (SECURITY 38)', () => {
  expect([1, 2, 3, 4, 5, 10].map(accountBudget)).toEqual([1, 1, 1, 2, 3, 8]);
  expect([0, null].map(accountBudget)).toEqual([5, 5]);
});

it('a policy that we may not read leaves what the domain’s leaves, and never more than five (SECURITY 38)', () => {
  const under = (lockoutThreshold: number | null) => budgetOfUnreadable({ lockoutThreshold, lockoutSeconds: 1_800 });
  expect([null, 0, 3, 5, 10].map(under)).toEqual([5, 5, 1, 3, 5]);
});

it('a lock that only an administrator lifts is counted over half an hour', () => {
  expect(budgetOf({ lockoutThreshold: 5, lockoutSeconds: 0 })).toEqual({ tries: 3, windowSeconds: 1_800 });
  expect(budgetOf({ lockoutThreshold: 5, lockoutSeconds: 3_600 })).toEqual({ tries: 3, windowSeconds: 3_600 });
});

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['not an address', 'not an address'],
])('tries from %s are counted for %s (SECURITY 38)', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
