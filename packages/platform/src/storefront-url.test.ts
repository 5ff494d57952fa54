import { expect, test } from 'vitest';
import { storefrontUrl } from './storefront-url.ts';

test('links lead to STOREFRONT_URL, else to where pictures are shown, else to this machine', () => {
  const given = { STOREFRONT_URL: 'https://api.example.com', FILES_URL: 'https://shop.example.com/files' };
  expect(storefrontUrl({ ...given, STOREFRONT_PORT: 4100 })).toBe('https://api.example.com');
  expect(storefrontUrl({ FILES_URL: given.FILES_URL, STOREFRONT_PORT: 4100 })).toBe('https://shop.example.com');
  expect(storefrontUrl({ FILES_URL: 'https://cdn.example.com', STOREFRONT_PORT: 5100 })).toBe('http://localhost:5100');
});
