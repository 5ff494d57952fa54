import type { DiscountTrialView } from '@souk/domain/pricing/totals/discount-trials.contract';
import { useDatabase } from '@souk/domain/testing/database';
import { givenGoods } from '@souk/domain/testing/listed-goods';
import { expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);

async function given() {
  const { company, tokens } = await register(admin);
  const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
    admin.call<T>(method, path, { token: tokens.accessToken, body });
  const goods = givenGoods(db, company.id as `com_${string}`); // registration gives ids of that kind
  return { call, goods, trial: (body: unknown) => call<DiscountTrialView>('POST', '/v1/discounts/trial', body) };
}

const ngn = (amount: number) => ({ amount, currency: 'NGN' });

test('a trial tells the totals of a basket, each discount that was looked at, and a sentence for each decision', async () => {
  const { call, goods, trial } = await given();
  const shirt = await goods.product({ title: 'Shirt', prices: { NGN: 250_000 }, variants: [{ sku: 'SHIRT' }] });
  await call('POST', '/v1/discounts', {
    title: 'Launch week',
    method: 'code',
    kind: 'percentage',
    percentPpm: 100_000,
    codes: ['LAUNCH10'],
  });
  await call('POST', '/v1/discounts', {
    title: 'Big carts',
    method: 'automatic',
    kind: 'free_shipping',
    amounts: [{ currency: 'NGN', subtotalMin: 9_000_000 }],
  });
  const [option] = (await call<{ data: { id: string }[] }>('GET', '/v1/shipping-options')).body.data;
  const asked = {
    lines: [
      { sku: 'shirt', quantity: 2 },
      { variantId: shirt.variants[0], quantity: 1 },
    ],
    codes: ['launch 10', 'NOPE'],
    shippingAddress: { country: 'NG', region: 'Lagos' },
  };
  const { status, body } = await trial({ ...asked, shippingOptionIds: [option?.id] });
  expect(status).toBe(200);
  // 675,000 holds 675,000 - 627,907 (.97… is 627,906.97…) = 47,093: by line 450,000 holds 31,395 and 225,000 holds 15,698.
  expect(body).toMatchObject({
    currency: 'NGN',
    totals: {
      subtotal: ngn(750_000),
      discount: ngn(75_000),
      shipping: ngn(0),
      tax: ngn(47_093),
      total: ngn(675_000),
    },
    lines: [
      { lineId: '1', unitPrice: ngn(250_000), discount: ngn(50_000), tax: ngn(31_395), total: ngn(450_000) },
      { lineId: '2', discount: ngn(25_000), taxes: [{ name: 'VAT', ratePpm: 75_000, reason: 'rate' }] },
    ],
    discounts: [
      { title: 'Launch week', code: 'LAUNCH10', amount: ngn(75_000), obstacle: null },
      { code: 'NOPE', obstacle: { code: 'unknown_code' } },
      { title: 'Big carts', code: null, obstacle: { code: 'below_subtotal' } },
    ],
    parcels: [{ lineIds: ['1', '2'], options: [{ id: option?.id, isChosen: true, amount: ngn(0) }] }],
    requirements: [],
  });
  const steps = new Set(body.explanation?.map(({ step }) => step));
  expect([...steps]).toEqual(['price', 'discount', 'shipping', 'tax', 'rounding', 'total']);
  const unsent = await trial({ lines: asked.lines });
  expect(unsent.body.requirements.map(({ code }) => code)).toEqual(['shipping_address', 'shipping_option']);
});

test('nothing is kept of a trial, and what it asks about is named when it is not there', async () => {
  const { call, goods, trial } = await given();
  await goods.product({ variants: [{ sku: 'MUG' }] });
  const made = await call<{ id: string }>('POST', '/v1/discounts', {
    title: 'Once',
    method: 'code',
    kind: 'percentage',
    percentPpm: 500_000,
    usageLimit: 1,
    codes: ['ONCE'],
  });
  const asked = { lines: [{ sku: 'MUG', quantity: 1 }], codes: ['once'] };
  for (const _ of [1, 2]) expect((await trial(asked)).body.totals.discount).toEqual(ngn(500));
  expect((await call('GET', `/v1/discounts/${made.body.id}`)).body).toMatchObject({ used: 0 });
  const faulty = async (body: unknown) => {
    const { status, body: problem } = await call<{ errors: { pointer: string }[] }>(
      'POST',
      '/v1/discounts/trial',
      body,
    );
    return [status, ...problem.errors.map(({ pointer }) => pointer)];
  };
  expect(
    await faulty({
      lines: [
        { sku: 'MUG', quantity: 1 },
        { sku: 'NONE', quantity: 1 },
      ],
    }),
  ).toEqual([400, '/lines/1/sku']);
  expect(await faulty({ ...asked, currency: 'EUR' })).toEqual([400, '/currency']);
  expect(await faulty({ lines: [{ quantity: 1 }] })).toEqual([400, '/lines/0/sku']);
  expect(await faulty({ lines: [] })).toEqual([400, '/lines']);
});
