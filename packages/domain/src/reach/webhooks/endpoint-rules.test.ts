import { expect, test } from 'vitest';
import '../../setup/declarations/declarations.ts'; // patterns are held against all declared events
import { endpointPatch, newEndpoint } from './webhook-endpoints.contract.ts';

const whole = { url: 'https://erp.example.com/souk', events: ['order.*'] };

function faultsOf(input: object): string[] {
  const { error } = newEndpoint.safeParse({ ...whole, ...input });
  return (error?.issues ?? []).map(({ path }) => `/${path.join('/')}`);
}

test.each([
  'https://erp.example.com/souk',
  'https://erp.example.com:8443/souk?shop=1',
  'http://localhost:3000/hook',
  'http://shop.localhost/hook',
  'http://127.0.0.1:3000',
  'http://[::1]:3000/hook',
])('the form of %s is that of an address', (url) => {
  expect(faultsOf({ url })).toEqual([]);
});

test.each([
  'http://erp.example.com/souk',
  'http://localhost.example.com/',
  'http://127.0.0.1.example.com/',
  'ftp://erp.example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https:erp.example.com',
  'https://',
  'erp.example.com',
  'https://ada:secret@erp.example.com/',
  'https://ada@erp.example.com/',
  'https://erp.example.com/#top',
  'https://erp.example.com/a b',
  'https://erp.example.com\\@evil.example/',
  'https://erp.example.com/\u0000',
  `https://erp.example.com/${'x'.repeat(2_000)}`,
  '',
])('%j is refused at its field', (url) => {
  expect(faultsOf({ url })).toContain('/url');
});

test('a pattern names at least one event, and what may have been meant is said', () => {
  expect(faultsOf({ events: ['*', 'order.*', 'order.paid'] })).toEqual([]);
  const { error } = newEndpoint.safeParse({ ...whole, events: ['order.paid', 'order.payed', 'ordre.*', 'order'] });
  expect(error?.issues.map(({ path }) => path.join('/'))).toEqual(['events/1', 'events/2', 'events/3']);
  expect(error?.issues[0]?.message).toMatch(/order\.paid.*GET \/v1\/event-types/);
  expect(error?.issues[1]?.message).toContain('order.*');
  expect(faultsOf({ events: [] })).toEqual(['/events']);
});

test.each([
  'webhook-id',
  'Webhook-Signature',
  'Host',
  'content-type',
  'Content-Length',
  'cookie',
  'Connection',
  'transfer-encoding',
  'Proxy-Authorization',
  'X-Forwarded-For',
  'user-agent',
  'x-request-id',
  'a b',
  'a:b',
  '',
])('a header cannot be called %j', (name) => {
  expect(faultsOf({ headers: JSON.parse(`{${JSON.stringify(name)}: "x"}`) as object }).length).toBe(1);
});

test.each(['a\r\nb', 'ä', ' x', 'x ', '', 'x'.repeat(1_001), '\u0000'])('a header cannot be %j', (value) => {
  expect(faultsOf({ headers: { 'x-shop': value } })).toEqual(['/headers/x-shop']);
});

test('headers are at most twenty, and none twice in another case', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'x']));
  expect(faultsOf({ headers: many(20) })).toEqual([]);
  expect(faultsOf({ headers: many(21) })).toEqual(['/headers']);
  expect(faultsOf({ headers: { 'X-Shop': 'a', 'x-shop': 'b' } })).toEqual(['/headers/x-shop']);
  expect(faultsOf({ headers: { authorization: 'Bearer abc' } })).toEqual([]);
});

test('only a patch takes null for a header, and neither takes what is unknown', () => {
  expect(faultsOf({ headers: { 'x-shop': null } })).toEqual(['/headers/x-shop']);
  expect(endpointPatch.safeParse({ headers: { 'x-shop': null } }).success).toBe(true);
  expect(endpointPatch.safeParse({}).success).toBe(true);
  expect(endpointPatch.safeParse({ secret: 'whsec_mine' }).success).toBe(false);
  expect(newEndpoint.safeParse({ ...whole, secret: 'whsec_mine' }).success).toBe(false);
});
