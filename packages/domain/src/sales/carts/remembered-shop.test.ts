import { expect, test, vi } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
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
import { reckon } from '../../pricing/totals/reckon.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { countingRun } from '../../testing/statement-count.ts';
import * as here from './cart-scene.service.ts';
import { setAddress } from './carts.service.ts';

const db = useDatabase();
const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };

/** The same code with a memory of its own, as another process has it. */
async function elsewhere(): Promise<typeof here> {
  vi.resetModules();
  return import('./cart-scene.service.ts');
}

async function givenCart() {
  const shop = await givenCartShop(db);
  const there = await elsewhere();
  const { option, zone, profile } = await shop.delivery();
  const { variants } = await shop.product({ prices: { NGN: 10_000 } });
  const { id, access, at } = await shop.cart({ lines: [{ variantId: variants[0] as Id<'var'>, quantity: 1 }] });
  const guest = shop.shopper();
  await shop.as(guest, (ctx) => setAddress(ctx, at, 'shipping', HOME));
  const read = ({ readCartScene }: typeof here) => shop.as(guest, (ctx) => readCartScene(ctx, id, access));
  /** What both of them say, each of which has read the cart before; they must agree. */
  const both = async () => {
    const [a, b] = [await read(here), await read(there)];
    expect(JSON.stringify(reckon(b.basket), amounts)).toBe(JSON.stringify(reckon(a.basket), amounts));
    return { scene: a, totals: reckon(a.basket) };
  };
  const statements = async (process: typeof here) => {
    const { run, counted } = countingRun(db.app.run);
    await run(guest, (ctx) => process.readCartScene(ctx, id, access));
    return counted.statements;
  };
  const staff = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(shop.system, work);
  await both();
  return { shop, both, staff, statements, there, option, zone, profile };
}

const amounts = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

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
  const { both, staff, shop } = await givenCart();
  await shop.insert('tax_rates', [{ id: newId('txr'), name: 'VAT', country: 'NG', rate_ppm: 75_000 }]);
  expect((await both()).scene.basket.pricesIncludeTax).toBe(true);
  await expect(
    staff(async (ctx) => {
      await patchSettings(ctx, 'tax', { pricesIncludeTax: false });
      throw new Error('undone');
    }),
  ).rejects.toThrow('undone');
  expect((await both()).scene.basket.pricesIncludeTax).toBe(true);
  await staff((ctx) => patchSettings(ctx, 'tax', { pricesIncludeTax: false }));
  expect((await both()).scene.basket.pricesIncludeTax).toBe(false);
  await staff((ctx) => patchSettings(ctx, 'inventory', { backorder: true }));
  expect([...(await both()).scene.lines.values()].map(({ available }) => available)).toEqual([null]);
});

test('a cart is read in one statement where the shop is remembered, in two once after staff wrote', async () => {
  const { staff, statements, there } = await givenCart();
  expect([await statements(here), await statements(there)]).toEqual([1, 1]);
  await staff((ctx) => patchSettings(ctx, 'checkout', { requirePhone: true }));
  expect([await statements(here), await statements(there)]).toEqual([2, 2]);
  expect([await statements(here), await statements(there)]).toEqual([1, 1]);
});

test('what is remembered of one company is nothing to another', async () => {
  const [one, other] = [await givenCart(), await givenCart()];
  await one.staff((ctx) => patchSettings(ctx, 'tax', { pricesIncludeTax: false }));
  expect((await one.both()).scene.basket.pricesIncludeTax).toBe(false);
  expect((await other.both()).scene.basket.pricesIncludeTax).toBe(true);
});
