import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { givenGoods } from '../../testing/listed-goods.ts';
import { type AskedBasket, readBasket } from './basket-reader.service.ts';

const db = useDatabase();

const LATER = '9998-01-01T00:00:00Z';
const LONG_AGO = '2020-01-01T00:00:00Z';

async function givenShop() {
  const system = await givenCompany(db);
  const goods = givenGoods(db, system.companyId);
  return { system, goods, read: (asked: AskedBasket) => db.app.run(system, (ctx) => readBasket(ctx, asked)) };
}

const set = (system: Session, group: string, values: Record<string, unknown>) =>
  db.app.run(system, (ctx) => patchSettings(ctx, group, values));

test('a basket tells of each line what the catalogue says now, in the order asked', async () => {
  const { goods, read } = await givenShop();
  const top = await goods.category('clothes');
  const shelf = await goods.category('shirts', top);
  const shirt = await goods.product({
    title: 'Shirt',
    handle: 'shirt',
    categories: [shelf.id],
    variants: [
      { sku: 'SH-R', options: { Colour: 'Red', Size: 'M' }, prices: { NGN: 250_000, USD: 199 } },
      { sku: 'SH-B', options: { Colour: 'Blue', Size: 'M' } },
    ],
  });
  const mug = await goods.product({ title: 'Mug', prices: { NGN: 90_000 } });
  const set = await goods.collection('summer', [shirt]);
  const basket = await read({
    lines: [
      { variantId: mug.variants[0], quantity: 3 },
      { sku: 'sh-r', quantity: 1 },
    ],
  });
  expect(basket).toMatchObject({ currency: 'NGN', pricesIncludeTax: true, taxRounding: 'line', codes: [] });
  expect(basket.at).toMatch(/^\d{4}-.*T.*\.\d{3}Z$/);
  expect(basket.lines).toMatchObject([
    { id: '1', productId: mug.id, quantity: 3, unitAmount: 90_000n, title: 'Mug', variantTitle: null, options: {} },
    {
      id: '2',
      variantId: shirt.variants[0],
      unitAmount: 250_000n,
      compareAt: null,
      isForSale: true,
      isGift: false,
      isTaxable: true,
      requiresShipping: true,
      weightGrams: null,
      profileId: null,
      taxCategory: null,
      variantTitle: 'Red / M',
      options: { Colour: 'Red', Size: 'M' },
      sku: 'SH-R',
      handle: 'shirt',
      collectionIds: [set],
      categoryIds: [top.id, shelf.id].sort(),
      imageFileId: null,
    },
  ]);
});

test('the price is the one in force now: of the windows that hold the one that began last, else the base price', async () => {
  const { goods, read } = await givenShop();
  const { variants } = await goods.product({ prices: { NGN: 1_000, KWD: 1_500, JPY: 980 } });
  const [variantId] = variants;
  const window = (amount: number, from: string | null, until: string | null, compareAt: number | null = null) => ({
    id: newId('prc'),
    variant_id: variantId,
    currency: 'NGN',
    amount,
    compare_at: compareAt,
    valid_from: from,
    valid_until: until,
  });
  const priceNow = async (currency?: string) =>
    (await read({ currency, lines: [{ variantId, quantity: 1 }] })).lines[0];
  await goods.insert('prices', [window(5, LATER, null), window(6, LONG_AGO, '2020-02-01T00:00:00Z')]);
  expect(await priceNow()).toMatchObject({ unitAmount: 1_000n });
  const begunLast = window(700, '2021-01-01T00:00:00Z', LATER, 1_000);
  await goods.insert('prices', [window(800, LONG_AGO, LATER), begunLast, window(750, null, LATER)]);
  expect(await priceNow()).toMatchObject({ unitAmount: 700n, compareAt: 1_000n, priceId: begunLast.id });
});

test('currencies have their own prices, and none where there is none', async () => {
  const { system, goods, read } = await givenShop();
  await set(system, 'general', { currencies: ['KWD', 'JPY', 'USD'] });
  const { variants } = await goods.product({ prices: { KWD: 1_500, JPY: 980 } });
  const amountIn = async (currency: string) =>
    (await read({ currency, lines: [{ variantId: variants[0], quantity: 1 }] })).lines[0]?.unitAmount;
  expect([await amountIn('KWD'), await amountIn('JPY'), await amountIn('USD')]).toEqual([1_500n, 980n, null]);
});

test('what is not published, archived, or a gift says so', async () => {
  const { system, goods, read } = await givenShop();
  const things = [
    await goods.product({ publishedIn: 100 }),
    await goods.product({ unpublishIn: -10 }),
    await goods.product({ status: 'draft' }),
    await goods.product({ kind: 'gift' }),
    await goods.product({ kind: 'bundle' }),
    await goods.product(),
  ];
  await db.admin`update product_variants set archived_at = now()
    where company_id = ${system.companyId} and id = ${things[5]?.variants[0] ?? ''}`;
  const { lines } = await read({ lines: things.map(({ variants }) => ({ variantId: variants[0], quantity: 1 })) });
  expect(lines.map(({ isForSale, isGift }) => [isForSale, isGift])).toEqual([
    [false, false],
    [false, false],
    [false, false],
    [false, true],
    [true, false],
    [false, false],
  ]);
});

test('rates, options and profiles of the place come with it, and the place taxes are reckoned for follows the setting', async () => {
  const { system, goods, read } = await givenShop();
  const [standard, bulky, zone] = [newId('shp'), newId('shp'), newId('shz')];
  const [home, far] = [newId('sho'), newId('sho')];
  const sofa = await goods.product();
  await goods.insert('tax_rates', [
    { id: newId('txr'), name: 'VAT', country: 'NG', rate_ppm: 75_000 },
    { id: newId('txr'), name: 'GH', country: 'GH', rate_ppm: 150_000 },
    { id: newId('txr'), name: 'KE', country: 'KE', rate_ppm: 160_000 },
  ]);
  await goods.insert('shipping_profiles', [
    { id: standard, name: 'Standard', is_default: true },
    { id: bulky, name: 'Bulky', is_default: false },
  ]);
  await goods.insert('shipping_profile_products', [{ product_id: sofa.id, profile_id: bulky }]);
  await goods.insert('shipping_zones', [{ id: zone, name: 'Here' }]);
  await goods.insert('shipping_zone_areas', [{ zone_id: zone, position: 1, country: 'GH' }]);
  await goods.insert('shipping_options', [
    { id: home, zone_id: zone, profile_id: standard, name: 'Home', is_active: true },
    { id: far, zone_id: zone, profile_id: bulky, name: 'Lorry', is_active: false },
  ]);
  await goods.insert('shipping_rates', [{ option_id: home, currency: 'NGN', from_step: 0, amount: 1_500 }]);
  const mug = await goods.product();
  const lines = [sofa, mug].map(({ variants }) => ({ variantId: variants[0], quantity: 1 }));
  const shipTo = { country: 'GH', region: 'Accra' };
  const asked = await read({ lines, shipTo, shippingOptionIds: [home] });
  expect(asked.lines.map(({ profileId }) => profileId)).toEqual([bulky, standard]);
  expect(asked.taxRates.map(({ name }) => name).sort()).toEqual(['GH', 'VAT']);
  expect(asked.shippingOptions).toMatchObject([{ id: home, rates: [{ from: 0n, amount: 1_500n }], freeOver: null }]);
  expect(asked).toMatchObject({ shipTo, taxAt: shipTo, taxAtFrom: 'shipping_address', shipsTo: [] });
  expect(asked.chosenShippingOptionIds).toEqual([home]);
  expect(await read({ lines })).toMatchObject({ shipTo: null, taxAt: { country: 'NG' }, taxAtFrom: 'company' });
  await set(system, 'tax', { basedOn: 'company_address', pricesIncludeTax: false, rounding: 'order' });
  const address = { line1: '1 Marina', city: 'Lagos', region: 'LA', country: 'NG' };
  await set(system, 'general', { address });
  await set(system, 'shipping', { countries: ['NG', 'KE'] });
  expect(await read({ lines, shipTo })).toMatchObject({
    taxAt: { country: 'NG', region: 'LA' },
    taxAtFrom: 'company',
    pricesIncludeTax: false,
    taxRounding: 'order',
    shipsTo: ['NG', 'KE'],
  });
});

test('a customer comes with their groups, and whether they bear tax', async () => {
  const { goods, read } = await givenShop();
  const [customerId, group] = [newId('cus'), newId('cgr')];
  await goods.insert('customers', [
    { id: customerId, email: 'A@x.ng', email_key: 'a@x.ng', password_hash: '-', is_tax_exempt: true },
  ]);
  await goods.insert('customer_groups', [{ id: group, name: 'Club', name_key: 'club' }]);
  await goods.insert('customer_group_members', [{ group_id: group, customer_id: customerId }]);
  const lines = [{ variantId: (await goods.product()).variants[0], quantity: 1 }];
  const known = { id: customerId, groupIds: [group], isTaxExempt: true, hasOrdered: false };
  expect((await read({ lines, customerId })).customer).toEqual(known);
  expect((await read({ lines })).customer).toEqual({ id: null, groupIds: [], isTaxExempt: false, hasOrdered: null });
});

test('whether somebody ordered before is what their orders say, by account or address, unless it is said', async () => {
  const { goods, read } = await givenShop();
  const customerId = newId('cus');
  await goods.insert('customers', [{ id: customerId, email: 'a@x.ng', email_key: 'a@x.ng', password_hash: '-' }]);
  const amounts = { subtotal: 0, discount: 0, shipping: 0, tax: 0, total: 0, explanation: '[]' };
  const about = { number: '1', token_hash: 'x', currency: 'NGN', prices_include_tax: true, lifecycle: 'open' };
  await goods.insert('orders', [{ id: newId('ord'), email: 'a@x.ng', email_key: 'a@x.ng', ...about, ...amounts }]);
  const lines = [{ variantId: (await goods.product()).variants[0], quantity: 1 }];
  const asked = async (who: object) => (await read({ lines, ...who })).customer.hasOrdered;
  expect(await asked({ customerId })).toBe(true);
  expect(await asked({ email: 'A@x.ng' })).toBe(true);
  expect(await asked({ email: 'b@x.ng' })).toBe(false);
  expect(await asked({ customerId, hasOrdered: false })).toBe(false);
  expect(await asked({})).toBeNull();
});

test('what is not there is named: variants, SKUs, customers of another company, currencies not sold in', async () => {
  const here = await givenShop();
  const there = await givenShop();
  const foreign = await there.goods.product({ variants: [{ sku: 'THEIRS' }] });
  const own = await here.goods.product();
  const asked: AskedBasket = {
    currency: 'EUR',
    lines: [
      { variantId: foreign.variants[0], quantity: 1 },
      { variantId: own.variants[0], quantity: 1 },
      { sku: 'theirs', quantity: 1 },
    ],
    customerId: newId('cus'),
  };
  await expect(here.read(asked)).rejects.toMatchObject({
    faults: [
      { pointer: '/currency' },
      { pointer: '/lines/0/variantId' },
      { pointer: '/lines/2/sku' },
      { pointer: '/customerId' },
    ],
  });
});

interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Relation Name'?: string;
  Plans?: PlanNode[];
}

/** Rows of tables that were touched, also those that were thrown away again. */
const rowsRead = (node: PlanNode): number =>
  (node['Relation Name'] ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'] : 0) +
  (node.Plans ?? []).reduce((sum, one) => sum + rowsRead(one), 0);

test('a basket is read by statements that begin with select and look everything up by key in a shop of thousands', async () => {
  const { system, goods } = await givenShop();
  const [here, shelf] = [
    await goods.product({ variants: [{ sku: 'ONE', options: { Size: 'M' } }, { options: { Size: 'L' } }] }),
    await goods.category('shelf'),
  ];
  const many = (what: string, rest: string) => `insert into ${what} select '${system.companyId}', ${rest}
    from generate_series(1, 3000) g`;
  for (const text of [
    many('products (company_id, id, handle, title, title_key)', `'prod_' || g, 'x' || g, 'x', 'x'`),
    many('product_variants (company_id, id, product_id, position, sku_key)', `'var_' || g, 'prod_' || g, 1, 'x' || g`),
    many('prices (company_id, id, variant_id, currency, amount)', `'prc_' || g, 'var_' || g, 'NGN', g`),
    many('product_categories (company_id, product_id, category_id)', `'prod_' || g, '${shelf.id}'`),
    many('customers (company_id, id, email, email_key, password_hash)', `'cus_' || g, g::text, g::text, '-'`),
  ])
    await db.admin.unsafe(text);
  const sent: { text: string; values: unknown[] }[] = [];
  const plans = await db.app.run(system, async (ctx) => {
    // drizzle's session and its client, the door of the unit of work.
    const { client } = (ctx.tx as unknown as { session: { client: Door } }).session;
    const { unsafe } = client;
    client.unsafe = (text, values, options) => {
      sent.push({ text, values });
      return unsafe(text, values, options);
    };
    const lines = [{ sku: 'one', quantity: 1 }, ...here.variants.map((variantId) => ({ variantId, quantity: 1 }))];
    await readBasket(ctx, { lines, customerId: 'cus_7' as Id<'cus'>, codes: ['A'] }); // made above
    const explained = sent.map(({ text, values }) => unsafe(`explain (analyze, format json) ${text}`, values, {}));
    return (await Promise.all(explained)).map(([row]) => row?.['QUERY PLAN'][0]?.Plan);
  });
  // The basket itself, and what is not remembered: the shop and the goods.
  expect(sent.map(({ text }) => text.startsWith('select '))).toEqual([true, true, true]);
  const rows = plans.map((plan) => plan && rowsRead(plan));
  expect(rows).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
  for (const read of rows) expect(read).toBeLessThan(100);
  expect(Math.max(...rows.map(Number))).toBeGreaterThan(10);
});

interface Door {
  unsafe(text: string, values: unknown[], options: object): Promise<{ 'QUERY PLAN': { Plan: PlanNode }[] }[]>;
}

test('an empty shop and an empty basket can be read', async () => {
  const { read } = await givenShop();
  expect(await read({ lines: [] })).toMatchObject({ lines: [], taxRates: [], shippingOptions: [], discounts: [] });
});
