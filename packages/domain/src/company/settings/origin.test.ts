import { expect, test } from 'vitest';
import { webOrigin } from './origin.contract.ts';
import { allowsOrigin, originOf } from './origin.ts';

test('an origin is folded to one form: small letters, no default port, no port on loopback', () => {
  expect(originOf('HTTPS://Shop.Example.com:443')).toBe('https://shop.example.com');
  expect(originOf('https://shop.example.com/')).toBe('https://shop.example.com');
  expect(originOf('https://shop.example.com:8443')).toBe('https://shop.example.com:8443');
  expect(originOf('http://localhost:3000')).toBe('http://localhost');
  expect(originOf('http://[::1]:3000')).toBe('http://[::1]');
  expect(originOf('https://müller.example')).toBe('https://xn--mller-kva.example');
  expect(webOrigin.parse(' https://A.example/ ')).toBe('https://a.example');
});

test('what is more or less than an origin is refused', () => {
  const wrong = [
    '',
    '*',
    'null',
    'shop.example.com',
    'ftp://a.example',
    'https://',
    'https://a.example/x',
    'https://a.example?x',
    'https://u:p@a.example',
    'https://*.example.com',
    'https://a b',
    'https://a\\b',
    'javascript:alert(1)',
  ];
  for (const text of wrong) expect([text, originOf(text)]).toEqual([text, undefined]);
  for (const text of wrong) expect(webOrigin.safeParse(text).success).toBe(false);
});

test('a request is let in by its folded origin; loopback from any port; an empty list lets everybody in', () => {
  const allowed = ['https://shop.example', 'http://localhost'];
  expect(allowsOrigin(allowed, 'https://shop.example')).toBe(true);
  expect(allowsOrigin(allowed, 'http://localhost:5173')).toBe(true);
  expect(allowsOrigin(allowed, 'https://shop.example.evil.example')).toBe(false);
  expect(allowsOrigin(allowed, 'http://shop.example')).toBe(false);
  expect(allowsOrigin(allowed, 'null')).toBe(false);
  expect(allowsOrigin([], 'null')).toBe(true);
});
