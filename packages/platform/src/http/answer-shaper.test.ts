import { cartView, shippingOptionsView } from '@souk/domain/sales/carts/carts.contract';
import { checkoutView } from '@souk/domain/sales/checkout/checkout.contract';
import { ordersPage } from '@souk/domain/sales/orders/orders.contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { sampleOf } from '../testing/json-sample.ts';
import { MISFIT, shaperOf } from './answer-shaper.ts';

const contract = z.object({
  id: z.string().regex(/^x_/),
  count: z.int(),
  kind: z.enum(['a', 'b']),
  always: z.literal('yes'),
  gone: z.null(),
  note: z.string().nullable(),
  more: z.boolean().optional(),
  lines: z.array(z.object({ name: z.string() })),
  words: z.record(z.string(), z.string()),
  price: z.strictObject({ amount: z.int() }),
  trimmed: z.string().trim(),
  either: z.union([z.object({ left: z.string() }), z.object({ right: z.string() })]),
  kept: z.string().default('as usual'),
});
const good = {
  ...{ id: 'x_1', count: 2, kind: 'a', always: 'yes', gone: null, note: null, words: { w: 'v' }, trimmed: ' t ' },
  ...{ lines: [{ name: 'n' }, { name: 'm' }], price: { amount: 1 }, either: { right: 'r' } },
};

/** What a contract checks by code and its JSON Schema does not tell. */
const CODES: Record<string, string> = { currency: 'NGN', country: 'NG' };

/** The same with a secret in every object, at every depth. */
const withSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return { ...Object.fromEntries(Object.entries(value).map(([name, own]) => [name, withSecrets(own)])), secret: 's' };
};

test('gives what the contract itself gives', () => {
  expect(shaperOf(contract)(good)).toEqual(contract.parse(good));
  const full = { ...good, note: 'n', more: false, kept: 'k' };
  expect(shaperOf(contract)(full)).toEqual(contract.parse(full));
});

test.each([
  ['a cart', cartView],
  ['ways of delivery', shippingOptionsView],
  ['a checkout', checkoutView],
  ['a page of orders', ordersPage],
])('of %s comes out what the contract names, and at no depth anything else', (_, view) => {
  const drawn = sampleOf(z.toJSONSchema(view, { io: 'output', unrepresentable: 'any' }));
  const sample: unknown = JSON.parse(JSON.stringify(drawn), (name, value) => CODES[name] ?? value);
  const shaped = shaperOf(view)(sample);
  expect(shaped).toEqual(view.parse(sample));
  expect(shaped).not.toBe(MISFIT);
  const parsed = view.safeParse(withSecrets(sample));
  const spied = shaperOf(view)(withSecrets(sample));
  // Where an object allows nothing else, the contract refuses; maps of words hold whatever words there are.
  if (parsed.success) expect(spied).toEqual(parsed.data);
  else expect(spied).toBe(MISFIT);
});

test('an object with more than is named is cut, a strict one is refused', () => {
  const shaped = shaperOf(contract)({ ...good, secret: 's', lines: [{ name: 'n', secret: 's' }] });
  expect(shaped).toEqual(contract.parse({ ...good, lines: [{ name: 'n' }] }));
  expect(shaperOf(contract)({ ...good, price: { amount: 1, secret: 's' } })).toBe(MISFIT);
});

test.each([
  ['a missing field', { id: undefined }],
  ['another type', { id: 1 }],
  ['no number', { count: Number.NaN }],
  ['an unknown word', { kind: 'c' }],
  ['another word', { always: 'no' }],
  ['null where there is none', { more: null }],
  ['no list', { lines: {} }],
  ['a list with something else in it', { lines: [1] }],
  ['a list for an object', { price: [] }],
  ['no text in a map', { words: { w: 1 } }],
  ['neither of two', { either: { up: 'u' } }],
])('%s does not fit', (_, wrong) => {
  expect(shaperOf(contract)({ ...good, ...wrong })).toBe(MISFIT);
});
