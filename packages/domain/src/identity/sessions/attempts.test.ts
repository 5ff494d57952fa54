import { expect, test } from 'vitest';
import { accountFromKey, accountKey, addressKey, countOf, limitOf, subjectKey } from './attempts.ts';

test('tries from one IPv6 network are counted together, whichever of its addresses they come from', () => {
  expect(addressKey('2001:db8:1:2::1')).toBe(addressKey('2001:db8:1:2:aaaa::9'));
  expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
  const from = (ip: string) => accountFromKey('shop', 'ada@example.com', ip);
  expect(from('2001:db8:1:2::1')).toBe(from('2001:db8:1:2:aaaa::9'));
  expect(from('2001:db8:1:2::1')).not.toBe(from('192.0.2.1'));
});

test('an account is one however it is typed, and its count holds no address', () => {
  expect(accountKey(' Shop ', 'ADA@example.com')).toBe(accountKey('shop', 'ada@example.com'));
  expect(accountKey('shop', 'ada@example.com')).not.toContain('ada');
});

test('each key goes with its limit: few tries from one network, more for an account from everywhere', () => {
  const account = ['shop', 'ada@example.com'] as const;
  expect(limitOf('login', accountFromKey(...account, '192.0.2.1'))).toEqual({ points: 10, seconds: 900 });
  expect(limitOf('login', accountKey(...account))).toEqual({ points: 100, seconds: 900 });
  expect(limitOf('login', subjectKey('x')).points).toBe(10);
  expect(limitOf('login', addressKey('192.0.2.1')).points).toBe(100);
});

test('a key of no known form, or of a count the kind does not have, counts nothing by accident', () => {
  expect(() => countOf('login', 'junk')).toThrow('not counted by');
  expect(() => countOf('mfa', accountKey('shop', 'ada@example.com'))).toThrow('not counted by');
});
