import { expect, test } from 'vitest';
import { networkName } from './network-name.ts';

test('an IPv4 address is counted by itself, however it is written', () => {
  expect(networkName('192.0.2.7')).toBe('192.0.2.7');
  expect(networkName('::ffff:192.0.2.7')).toBe('192.0.2.7');
});

test('an IPv6 address is counted with its whole /64, which one household has for itself', () => {
  const one = networkName('2001:db8:1:2::1');
  expect(networkName('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(one);
  expect(networkName('2001:db8:1:2::%eth0')).toBe(one);
  expect(networkName('2001:db8:1:3::1')).not.toBe(one);
  expect(networkName('::1')).toBe('0:0:0:0::/64');
});
