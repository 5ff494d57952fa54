import argon2 from 'argon2';
import { expect, test } from 'vitest';
import { hashPassword, isOutdated, PasswordsBusy, verifyPassword } from './password-hash.ts';

const PASSWORD = 'five wooden birds';

test('a hash is argon2id with the parameters of OWASP, and never the same twice', async () => {
  const [a, b] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)];
  expect(a).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(a).not.toBe(b);
  expect([await verifyPassword(a, PASSWORD), await verifyPassword(a, `${PASSWORD} `)]).toEqual([true, false]);
});

test('nothing of a long password is cut off, and a NUL does not end it', async () => {
  const long = 'x'.repeat(1023);
  const hash = await hashPassword(`${long}a`);
  expect(await verifyPassword(hash, `${long}b`)).toBe(false);
  const nul = await hashPassword('before\0after');
  expect(await verifyPassword(nul, 'before\0later')).toBe(false);
});

test('without a hash the answer is no, after the same work', async () => {
  expect(await verifyPassword(undefined, PASSWORD)).toBe(false);
  expect(await verifyPassword(undefined, '')).toBe(false);
});

test('a hash with weaker parameters is good and outdated', async () => {
  const weak = await argon2.hash(PASSWORD, { type: argon2.argon2id, memoryCost: 8192, timeCost: 1, parallelism: 1 });
  expect([await verifyPassword(weak, PASSWORD), isOutdated(weak)]).toEqual([true, true]);
  expect(isOutdated(await hashPassword(PASSWORD))).toBe(false);
});

test('of a flood, two run, thirty-two wait and the rest is told to come back; afterwards all is as before', async () => {
  const done = await Promise.allSettled(Array.from({ length: 60 }, () => verifyPassword(undefined, PASSWORD)));
  const refused = done.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(refused).toHaveLength(60 - 34);
  expect(
    refused.every((reason) => reason instanceof PasswordsBusy && reason.status === 503 && reason.retryAfterSeconds > 0),
  ).toBe(true);
  await Promise.all(Array.from({ length: 34 }, () => verifyPassword(undefined, PASSWORD)));
});
