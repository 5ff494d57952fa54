import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { newShippingOption } from '../../pricing/shipping/options.contract.ts';
import {
  createShippingOption,
  deleteShippingOption,
  updateShippingOption,
} from '../../pricing/shipping/options.service.ts';
import { shippingZonePatch } from '../../pricing/shipping/zones.contract.ts';
import { updateShippingZone } from '../../pricing/shipping/zones.service.ts';
import { newTaxRate } from '../../pricing/tax/tax.contract.ts';
import { createTaxRate, deleteTaxRate, updateTaxRate } from '../../pricing/tax/tax-rates.service.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenRememberedCart } from '../../testing/remembered-cart.ts';

const db = useDatabase();
const givenCart = () => givenRememberedCart(db);

test('a tax rate that staff make, change or delete counts in the next read of every process', async () => {
  const { both, staff } = await givenCart();
  const rate = await staff((ctx) =>
    createTaxRate(ctx, newTaxRate.parse({ name: 'VAT', country: 'NG', ratePpm: 75_000 })),
  );
  const before = await both();
  expect(before.totals.tax).toBeGreaterThan(0n);
  await staff((ctx) => updateTaxRate(ctx, rate.id, { ratePpm: 150_000 }));
  const after = await both();
  expect(after.totals.tax).toBeGreaterThan(before.totals.tax);
  await staff((ctx) => deleteTaxRate(ctx, rate.id));
  expect((await both()).totals.tax).toBe(0n);
});

test('ways of delivery that staff make, price, take away or move are in the next read of every process', async () => {
  const { both, staff, zone, profile } = await givenCart();
  const optionsNow = async () => (await both()).totals.quotes.flatMap(({ quotes }) => quotes);
  const rates = [{ price: { amount: 900, currency: 'NGN' } }];
  const wish = newShippingOption.parse({ zoneId: zone, profileId: profile, name: 'Van', rates });
  const { id } = await staff((ctx) => createShippingOption(ctx, wish));
  const van = async () => (await optionsNow()).find(({ option }) => option.id === id);
  expect(await van()).toMatchObject({ amount: 900n });
  const dearer = newShippingOption.parse({ ...wish, rates: [{ price: { amount: 1_900, currency: 'NGN' } }] });
  await staff((ctx) => updateShippingOption(ctx, id, { rates: dearer.rates }));
  expect(await van()).toMatchObject({ amount: 1_900n });
  await staff((ctx) => deleteShippingOption(ctx, id));
  expect(await van()).toBeUndefined();
  expect(await optionsNow()).not.toEqual([]);
  const ghana = shippingZonePatch.parse({ areas: [{ country: 'GH' }] });
  await staff((ctx) => updateShippingZone(ctx, zone as Id<'shz'>, ghana));
  expect(await optionsNow()).toEqual([]);
});

test('settings that staff change are in the next read of every process, and what was undone is in none', async () => {
  const { both, staff, shop, look } = await givenCart();
  await shop.insert('tax_rates', [{ id: newId('txr'), name: 'VAT', country: 'NG', rate_ppm: 75_000 }]);
  expect((await both()).scene.basket.pricesIncludeTax).toBe(true);
  await expect(
    staff(async (ctx) => {
      await patchSettings(ctx, 'tax', { pricesIncludeTax: false });
      await look(ctx);
      throw new Error('undone');
    }),
  ).rejects.toThrow('undone');
  expect((await both()).scene.basket.pricesIncludeTax).toBe(true);
  await staff((ctx) => patchSettings(ctx, 'tax', { pricesIncludeTax: false }));
  expect((await both()).scene.basket.pricesIncludeTax).toBe(false);
  await staff((ctx) => patchSettings(ctx, 'inventory', { backorder: true }));
  expect([...(await both()).scene.lines.values()].map(({ available }) => available)).toEqual([null]);
});

test('a cart is read in one statement where the shop and its goods are remembered, in three once after staff wrote', async () => {
  const { staff, statements } = await givenCart();
  expect(await statements()).toEqual([1, 1]);
  await staff((ctx) => patchSettings(ctx, 'checkout', { requirePhone: true }));
  expect(await statements()).toEqual([3, 3]);
  expect(await statements()).toEqual([1, 1]);
});

test('what is remembered of one company is nothing to another', async () => {
  const [one, other] = [await givenCart(), await givenCart()];
  await one.staff((ctx) => patchSettings(ctx, 'tax', { pricesIncludeTax: false }));
  expect((await one.both()).scene.basket.pricesIncludeTax).toBe(false);
  expect((await other.both()).scene.basket.pricesIncludeTax).toBe(true);
});
