import type { Allowance } from '@souk/domain/catalog/files/signed-addresses';
import { expect, test } from 'vitest';
import { signedAddresses } from './signed-address.ts';

const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const at = Date.parse('2026-11-21T09:00:00Z');
const given = { keys, baseUrl: 'https://admin.test/v1/file-contents', now: () => at };
const addresses = signedAddresses(given);
const upload: Allowance = {
  method: 'PUT',
  key: 'c1/image/a/original',
  contentType: 'image/png',
  sizeBytes: 1_000,
  expiresAt: at / 1_000 + 60,
};
const signatureOf = (address: string) => new URL(address).pathname.split('/').at(-1) ?? '';

test('an address is good for exactly what it says', () => {
  const signature = signatureOf(addresses.sign(upload));
  expect(addresses.isGood(upload, signature)).toBe(true);
  const changes: Partial<Allowance>[] = [
    { method: 'GET' },
    { key: 'c1/image/b/original' },
    { key: 'c2/image/a/original' },
    { contentType: 'text/html' },
    { sizeBytes: 1_001 },
    { sizeBytes: undefined },
    { fileName: 'x' },
    { expiresAt: upload.expiresAt + 1 },
  ];
  for (const change of changes)
    expect([change, addresses.isGood({ ...upload, ...change }, signature)]).toEqual([change, false]);
});

test('parts cannot run over into each other', () => {
  const one = signatureOf(addresses.sign({ ...upload, method: 'GET', sizeBytes: undefined, fileName: 'a","b' }));
  expect(
    addresses.isGood({ ...upload, method: 'GET', sizeBytes: undefined, fileName: 'a', contentType: 'b' }, one),
  ).toBe(false);
});

test('it ends when it says, to the second', () => {
  const signature = signatureOf(addresses.sign(upload));
  const then = (ms: number) => signedAddresses({ ...given, now: () => ms });
  expect(then(upload.expiresAt * 1_000 - 1).isGood(upload, signature)).toBe(true);
  expect(then(upload.expiresAt * 1_000).isGood(upload, signature)).toBe(false);
});

test('a signature that was changed, cut, lengthened or made with another key is none', () => {
  const signature = signatureOf(addresses.sign(upload));
  const other = signatureOf(signedAddresses({ ...given, keys: [Buffer.alloc(32, 3)] }).sign(upload));
  const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
  for (const bad of [
    other,
    flipped,
    signature.slice(1),
    `${signature}A`,
    '',
    'ä'.repeat(43),
    signature.toLowerCase(),
  ]) {
    expect([bad, addresses.isGood(upload, bad)]).toEqual([bad, false]);
  }
});

test('a key that is being replaced still counts, one that was dropped does not', () => {
  const old = signatureOf(signedAddresses({ ...given, keys: [Buffer.alloc(32, 2)] }).sign(upload));
  expect(addresses.isGood(upload, old)).toBe(true);
  expect(signedAddresses({ ...given, keys: [Buffer.alloc(32, 1)] }).isGood(upload, old)).toBe(false);
});
