import { expect, test } from 'vitest';
import { saveProducts } from '../../catalog/product-management/product-save.service.ts';
import type { ProductSave } from '../../catalog/product-management/product-save.ts';
import type { ProductDraft } from '../../catalog/products/product-draft.ts';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { mintKey, revokeKey } from '../../identity/api-keys/api-keys.service.ts';
import { after } from '../../kernel/clock.ts';
import { createFirstShipping } from '../../pricing/shipping/first-shipping.service.ts';
import { listShippingOptions, updateShippingOption } from '../../pricing/shipping/options.service.ts';
import { createDefaultTaxRate } from '../../pricing/tax/tax-rates.service.ts';
import { setUpPaymentProvider } from '../../sales/payments/payment-providers.service.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { productDraft } from '../../testing/product-drafts.ts';
import { setupChecklist } from './checklist.service.ts';

const db = useDatabase();
const CHARGEABLE = new Map([['paystack', ['GHS', 'KES', 'USD', 'ZAR']]] as const);

const PRICE = { currency: 'NGN', amountMinor: 5_000n, compareAtMinor: null, validFrom: null, validUntil: null };

/** A product with a price in naira and three of it on the shelf. */
const save = (draft: Partial<ProductDraft>): ProductSave => ({
  draft: productDraft(draft),
  prices: [[PRICE]],
  stock: [{ onHand: [{ quantity: 3 }], alsoExisting: false }],
});

async function given() {
  const { system } = await givenShop(db);
  const list = () => db.app.run(system, (ctx) => setupChecklist(ctx, CHARGEABLE));
  return {
    system,
    list,
    isDone: async (key: string) => (await list()).steps.find((step) => step.key === key)?.isDone,
    mint: (type: 'publishable' | 'secret', expiresAt?: string) =>
      db.app.run(system, (ctx) => mintKey(ctx, { name: 'Web', type, scopes: ['store.read'], expiresAt })),
  };
}

test('a new company has everything to do, and is ready when each step is done', async () => {
  const { system, list, mint } = await given();
  // Of tax there is nothing to be done.
  const open = (await list()).steps.filter(({ isDone }) => !isDone).map(({ key }) => key);
  expect(open).toEqual(['product', 'stock', 'storefront_key', 'storefront_url', 'shipping', 'payment_provider']);
  await db.app.run(system, (ctx) => saveProducts(ctx, [save({ status: 'active', publishedAt: after(ctx.now, -60) })]));
  await mint('publishable');
  await db.app.run(system, (ctx) => patchSettings(ctx, 'storefront', { url: 'https://shop.example' }));
  expect((await list()).isReady).toBe(false);
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'manual', {}));
  await db.app.run(system, (ctx) => patchSettings(ctx, 'payment', { manualInstructions: 'Account 1' }));
  expect((await list()).isReady).toBe(false);
  await db.app.run(system, async (ctx) => {
    await createFirstShipping(ctx, { country: 'NG', currency: 'NGN' });
    const { data } = await listShippingOptions(ctx, { limit: 1 });
    for (const { id } of data) await updateShippingOption(ctx, id, { isActive: true });
  });
  const { isReady, steps } = await list();
  expect([isReady, steps.map(({ isDone }) => isDone)]).toEqual([true, Array(7).fill(true)]);
});

test('a product counts once it is shown, with a price in the own currency, and goods to be had', async () => {
  const { system, isDone } = await given();
  const saved = (wish: ProductSave) => db.app.run(system, (ctx) => saveProducts(ctx, [wish]));
  await saved(save({}));
  const shown = { status: 'active', publishedAt: '2026-01-01T00:00:00.000Z' } as const;
  await saved({ ...save(shown), prices: [] });
  await saved({ ...save(shown), prices: [[{ ...PRICE, currency: 'JPY' }]] });
  await saved(save({ ...shown, publishedAt: '2999-01-01T00:00:00.000Z' }));
  await saved(save({ ...shown, kind: 'gift' }));
  await saved(save({ ...shown, unpublishAt: '2026-01-02T00:00:00.000Z' }));
  expect([await isDone('product'), await isDone('stock')]).toEqual([false, false]);
  await saved({ ...save(shown), stock: [] });
  expect([await isDone('product'), await isDone('stock')]).toEqual([true, false]);
  await saved(save(shown));
  expect([await isDone('product'), await isDone('stock')]).toEqual([true, true]);
});

test('a storefront has its key only while a publishable one is good: not expired, not revoked', async () => {
  const { system, isDone, mint } = await given();
  await mint('secret');
  expect(await isDone('storefront_key')).toBe(false);
  const { id } = await mint('publishable', after(new Date(), 3_600));
  expect(await isDone('storefront_key')).toBe(true);
  await db.admin`update api_keys set expires_at = now() where id = ${id}`;
  expect(await isDone('storefront_key')).toBe(false);
  const lasting = await mint('publishable');
  expect(await isDone('storefront_key')).toBe(true);
  await db.app.run(system, (ctx) => revokeKey(ctx, lasting.id));
  expect(await isDone('storefront_key')).toBe(false);
});

test('a shop ships somewhere while one of its options is switched on that is not the untouched first one', async () => {
  const { system, isDone, list } = await given();
  await db.app.run(system, (ctx) => createFirstShipping(ctx, { country: 'NG', currency: 'NGN' }));
  const { data } = await db.app.run(system, (ctx) => listShippingOptions(ctx, { limit: 1 }));
  const change = async (patch: Parameters<typeof updateShippingOption>[2]) => {
    for (const { id } of data) await db.app.run(system, (ctx) => updateShippingOption(ctx, id, patch));
  };
  expect((await list()).steps.find(({ key }) => key === 'shipping')).toMatchObject({
    isDone: false,
    request: `PATCH /v1/shipping-options/${data[0]?.id}`,
    note: expect.stringContaining('costs nothing'),
  });
  await change({ rates: [{ from: 0, price: { amount: 1_500, currency: 'NGN' } }] });
  expect(await isDone('shipping')).toBe(true);
  await change({ isActive: false });
  expect(await isDone('shipping')).toBe(false);
});

test('a way to be paid counts if it takes the currency of the company, and a transfer once it says where the money goes', async () => {
  const { system, list } = await given();
  const step = async () => (await list()).steps.find(({ key }) => key === 'payment_provider');
  expect(await step()).toMatchObject({ isDone: false, note: 'For NGN there is: manual.' });
  const secretKey = `sk_live_${'a'.repeat(20)}`;
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'paystack', { secretKey }));
  expect(await step()).toMatchObject({ isDone: false, note: expect.stringContaining('does not take it') });
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'manual', {}));
  expect(await step()).toMatchObject({ isDone: false, request: 'PATCH /v1/settings/payment' });
  await db.app.run(system, (ctx) => patchSettings(ctx, 'payment', { manualKind: 'cash_on_delivery' }));
  expect(await step()).toMatchObject({ isDone: true, note: null });
});

test('the list says which tax is charged at home', async () => {
  const { system, list } = await given();
  const step = async () => (await list()).steps.find(({ key }) => key === 'tax');
  expect(await step()).toMatchObject({ isDone: true, note: 'No tax is charged on goods that go to NG.' });
  await db.app.run(system, (ctx) => createDefaultTaxRate(ctx, 'NG'));
  expect(await step()).toMatchObject({ note: expect.stringContaining('VAT of 7.5 %') });
});
