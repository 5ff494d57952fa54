import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { gate, somebodyWaits } from '../../testing/lock-waits.ts';
import { givenShop } from '../../testing/people.ts';
import { productDraft, variantDraft } from '../../testing/product-drafts.ts';
import { countingTx } from '../../testing/statement-count.ts';
import { createDefaultLocation } from '../inventory/locations.service.ts';
import { readStock } from '../inventory/stock.service.ts';
import { refreshListingPrices } from '../prices/listing-prices.service.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import { readPrices } from '../prices/prices.service.ts';
import type { StoredProduct } from '../products/product-draft.ts';
import { readProducts } from '../products/product-reader.service.ts';
import { saveProducts } from './product-save.service.ts';
import type { ProductSave, ProductSaved } from './product-save.ts';
import { snapshotOf } from './product-snapshot.ts';

const db = useDatabase();

async function given() {
  const shop = await givenShop(db);
  await db.app.run(shop.system, createDefaultLocation);
  const inShop = <T>(work: (ctx: Ctx) => Promise<T>, session: Session = shop.system) => db.app.run(session, work);
  const save = (...saves: ProductSave[]) => inShop((ctx) => saveProducts(ctx, saves));
  return { shop, companyId: shop.companyId, inShop, save };
}

const price = (amountMinor: bigint, currency = 'NGN', more: Partial<PriceDraft> = {}): PriceDraft => ({
  currency,
  amountMinor,
  compareAtMinor: null,
  validFrom: null,
  validUntil: null,
  ...more,
});

function saved(results: readonly ProductSaved[]): StoredProduct {
  const [first] = results;
  if (!first || first.outcome === 'refused') throw new Error(JSON.stringify(first));
  return first.product;
}
const variantOf = (product: StoredProduct): Id<'var'> => product.variants[0]?.id ?? newId('var');

test('a product is saved with its prices and stock, heard of and noted once', async () => {
  const { shop, inShop, save } = await given();
  const product = saved(
    await save({
      draft: productDraft({ status: 'active' }),
      prices: [[price(125_000n), price(500n, 'JPY')]],
      stock: [{ onHand: [{ quantity: 7 }], alsoExisting: false }],
    }),
  );
  const id = variantOf(product);
  const [prices, stock] = await inShop(
    async (ctx) => [await readPrices(ctx, [id]), await readStock(ctx, [id])] as const,
  );
  expect(prices.get(id)).toHaveLength(2);
  expect(stock.get(id)).toMatchObject([{ onHand: 7, available: 7 }]);
  expect(await shop.eventsOf(product.id)).toMatchObject([{ type: 'product.created', sequence: 1 }]);
  expect(await shop.auditOf(product.id)).toEqual(['product.created']);
  const [row] = await db.admin`select is_available from product_availability where product_id = ${product.id}`;
  const listed = await db.admin`select currency from listing_prices where product_id = ${product.id} order by 1`;
  expect([row?.['is_available'], listed.map((one) => one['currency'])]).toEqual([true, ['JPY', 'NGN']]);
});

test('saved twice, the second time changes nothing and tells nothing', async () => {
  const { shop, save } = await given();
  const draft = productDraft({ status: 'active', variants: [variantDraft({ sku: 'A' })] });
  const first: ProductSave = {
    draft,
    prices: [[price(100n)]],
    stock: [{ onHand: [{ quantity: 7 }], alsoExisting: true }],
  };
  const { id } = saved(await save(first));
  const versionOf = async () =>
    (await db.admin`select version from catalogue_versions where company_id = ${shop.companyId}`)[0];
  const before = await versionOf();
  expect(await save({ ...first, id })).toMatchObject([{ outcome: 'unchanged', pricesChanged: 0 }]);
  expect(await shop.eventsOf(id)).toHaveLength(1);
  expect(await shop.auditOf(id)).toEqual(['product.created']);
  expect(await versionOf()).toEqual(before);
});

test('another price alone is an update with a new version, and leaves other currencies as they are', async () => {
  const { shop, inShop, save } = await given();
  const product = saved(await save({ draft: productDraft(), prices: [[price(100n), price(5n, 'JPY')]] }));
  const [result] = await save({ id: product.id, draft: product, prices: [[price(120n)]], priceCurrencies: ['NGN'] });
  expect(result).toMatchObject({ outcome: 'updated', pricesChanged: 1, product: { version: 2, eventSequence: 2 } });
  const id = variantOf(product);
  const prices = await inShop((ctx) => readPrices(ctx, [id]));
  expect(prices.get(id)?.map(({ currency, amountMinor }) => [currency, amountMinor])).toEqual([
    ['JPY', 5n],
    ['NGN', 120n],
  ]);
  expect((await inShop((ctx) => readProducts(ctx, [product.id]))).get(product.id)?.version).toBe(2);
  expect((await shop.eventsOf(product.id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['product.created', 1],
    ['product.updated', 2],
  ]);
});

test('with a variant that comes, one that goes and one that is as it was, what is told and listed is what is stored', async () => {
  const { inShop, save } = await given();
  const sized = (...values: string[]) => ({
    kind: 'variable' as const,
    options: [{ name: 'Size', values }],
    variants: values.map((value) => variantDraft({ options: [value] })),
  });
  const later = { validFrom: '2027-01-01T01:00:00+01:00', validUntil: '2027-02-01T00:00:00Z' };
  const product = saved(
    await save({
      draft: productDraft({ ...sized('S', 'M', 'L'), status: 'active' }),
      prices: [[price(100n), price(5n, 'JPY')], [price(300n)], [price(900n)]],
    }),
  );
  const after = saved(
    await save({
      id: product.id,
      draft: { ...product, ...sized('S', 'M', 'XL') },
      prices: [[price(120n), price(80n, 'NGN', later)], undefined, [price(700n)]],
      priceCurrencies: ['NGN'],
    }),
  );
  const storedOf = ({ variants }: StoredProduct) =>
    inShop((ctx) =>
      readPrices(
        ctx,
        variants.map(({ id }) => id),
      ),
    );
  const stored = await storedOf(after);
  const [event] =
    await db.admin`select data from events where aggregate_id = ${product.id} and type = 'product.updated'`;
  const told = event?.['data'] as { product: ReturnType<typeof snapshotOf> };
  expect(told.product.variants).toEqual(snapshotOf(after, stored).variants);
  expect(told.product.variants.map(({ prices }) => prices.map(({ amount }) => amount))).toEqual([
    [5, 120, 80],
    [300],
    [700],
  ]);
  const listed = () =>
    db.admin`select currency, valid_from, min_amount::int, max_amount::int from listing_prices
      where product_id = ${product.id} order by 1, 2`;
  const before = [...(await listed())];
  expect(before.map((row) => [row['currency'], row['min_amount'], row['max_amount']])).toEqual([
    ['JPY', 5, 5],
    ['NGN', 120, 700],
    ['NGN', 80, 700],
    ['NGN', 120, 700],
  ]);
  await inShop((ctx) => refreshListingPrices(ctx, [product.id]));
  expect([...(await listed())]).toEqual(before);
  // L comes back, with what it cost among the rows that are there still.
  const back = saved(
    await save({ id: product.id, draft: { ...after, ...sized('S', 'L') }, prices: [undefined, [price(65n, 'JPY')]] }),
  );
  expect([...(await storedOf(back)).values()].map((prices) => prices.map(({ amountMinor }) => amountMinor))).toEqual([
    [5n, 120n, 80n],
    [65n],
  ]);
  const [last] =
    await db.admin`select data from events where aggregate_id = ${product.id} order by sequence desc limit 1`;
  expect(last?.['data'].product.variants).toEqual(snapshotOf(back, await storedOf(back)).variants);
});

test('of two saves of one product at once, each of which prices another variant, the product is listed by both', async () => {
  const { inShop, save } = await given();
  const options = [{ name: 'Size', values: ['S', 'M'] }];
  const variants = [variantDraft({ options: ['S'] }), variantDraft({ options: ['M'] })];
  const prices = [[price(100n)], [price(200n)]];
  const product = saved(await save({ draft: productDraft({ kind: 'variable', options, variants }), prices }));
  const [written, mayEnd] = [gate(), gate()];
  const first = inShop(async (ctx) => {
    await saveProducts(ctx, [{ id: product.id, draft: product, prices: [[price(50n)], undefined] }]);
    written.open();
    await mayEnd.passed;
  });
  await written.passed;
  const second = save({ id: product.id, draft: product, prices: [undefined, [price(300n)]] });
  await somebodyWaits(db);
  mayEnd.open();
  await Promise.all([first, second]);
  const listed =
    await db.admin`select min_amount::int, max_amount::int from listing_prices where product_id = ${product.id}`;
  expect([...listed]).toEqual([{ min_amount: 50, max_amount: 300 }]);
});

test('stock counts for new variants only, unless it is said otherwise', async () => {
  const { inShop, save } = await given();
  const stock = (quantity: number, alsoExisting: boolean) => [{ onHand: [{ quantity }], alsoExisting }];
  const product = saved(await save({ draft: productDraft(), stock: stock(5, false) }));
  const id = variantOf(product);
  const onHand = async () => (await inShop((ctx) => readStock(ctx, [id]))).get(id)?.map((level) => level.onHand);
  await save({ id: product.id, draft: product, stock: stock(9, false) });
  expect(await onHand()).toEqual([5]);
  await save({ id: product.id, draft: product, stock: stock(9, true) });
  expect(await onHand()).toEqual([9]);
});

test('a variant that comes back from the archive is counted in like a new one, and has no price of the past', async () => {
  const { inShop, save } = await given();
  const options = [{ name: 'Size', values: ['S', 'M'] }];
  const [small, medium] = [variantDraft({ options: ['S'] }), variantDraft({ options: ['M'] })];
  const variable = { kind: 'variable' as const, options };
  const counts = (quantity: number) => ({ onHand: [{ quantity }], alsoExisting: false });
  const product = saved(
    await save({
      draft: productDraft({ ...variable, variants: [small, medium] }),
      prices: [[price(100n)], [price(200n), price(3n, 'JPY')]],
      stock: [counts(5), counts(5)],
    }),
  );
  const { id, variants } = product;
  const gone = variants[1]?.id ?? newId('var');
  const read = () =>
    inShop(async (ctx) => {
      const prices = (await readPrices(ctx, [gone])).get(gone) ?? [];
      return [prices.map(({ amountMinor }) => amountMinor), (await readStock(ctx, [gone])).get(gone)?.[0]?.onHand];
    });
  const leave = () => save({ id, draft: { ...product, variants: variants.slice(0, 1) } });
  const comeBack = (more: Partial<ProductSave>) =>
    save({ id, draft: { ...product, variants: [small, medium] }, ...more });
  await leave();
  expect(saved(await comeBack({ stock: [undefined, counts(8)] })).variants[1]?.id).toBe(gone);
  expect(await read()).toEqual([[], 8]);
  await leave();
  await comeBack({ prices: [undefined, [price(7n)]], priceCurrencies: ['NGN'] });
  expect(await read()).toEqual([[7n], 8]);
});

test('a wrong price, an unknown location and a wrong product are refused, each at its place, and the others are saved', async () => {
  const [{ save }, other] = [await given(), await given()];
  const [foreign] = await db.admin<
    { id: Id<'loc'> }[]
  >`select id from stock_locations where company_id = ${other.companyId}`;
  const at = (locationId: Id<'loc'>) => [{ onHand: [{ locationId, quantity: 1 }], alsoExisting: false }];
  const results = await save(
    { draft: productDraft(), prices: [[price(100n), price(120n)]] },
    { draft: productDraft(), stock: at(foreign?.id ?? newId('loc')) },
    { draft: productDraft(), stock: at(newId('loc')) },
    { draft: productDraft({ title: '' }), prices: [[price(100n)]] },
    { draft: productDraft(), prices: [[price(100n)]] },
  );
  expect(results.map((one) => (one.outcome === 'refused' ? one.faults[0].pointer : one.outcome))).toEqual([
    '/variants/0/prices/1',
    '/variants/0/onHand/0/locationId',
    '/variants/0/onHand/0/locationId',
    '/title',
    'created',
  ]);
  const [foreignFault, unknownFault] = results.slice(1, 3);
  expect(foreignFault).toEqual(unknownFault);
});

test('too many price times are the fault of their product only, with those that it has already', async () => {
  const { save, inShop } = await given();
  const options = [{ name: 'Size', values: ['S', 'M', 'L'] }];
  const variants = ['S', 'M', 'L'].map((size) => variantDraft({ options: [size] }));
  const sales = (from: number, count: number) =>
    Array.from({ length: count }, (_one, at) => {
      const time = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString();
      return price(5n, 'NGN', { validFrom: time(2 * (from + at)), validUntil: time(2 * (from + at) + 1) });
    });
  const product = saved(
    await save({ draft: productDraft({ kind: 'variable', options, variants }), prices: [sales(0, 60), sales(60, 40)] }),
  );
  const results = await save(
    { id: product.id, draft: product, prices: [undefined, undefined, sales(100, 1)] },
    { draft: productDraft(), prices: [[price(100n)]] },
  );
  expect(results.map((one) => (one.outcome === 'refused' ? one.faults : one.outcome))).toMatchObject([
    [{ pointer: '/variants/2/prices', code: 'too_many_price_times' }],
    'created',
  ]);
  const [result] = await save({ id: product.id, draft: product, prices: [sales(100, 1)] });
  expect(result?.outcome).toBe('updated');
  const id = variantOf(product);
  expect((await inShop((ctx) => readPrices(ctx, [id]))).get(id)).toHaveLength(1);
});

test('stock is not given to a bundle', async () => {
  const { save } = await given();
  const part = saved(await save({ draft: productDraft() }));
  const variants = [variantDraft({ components: [{ variantId: variantOf(part), quantity: 1 }] })];
  const [refused] = await save({
    draft: productDraft({ kind: 'bundle', variants }),
    stock: [{ onHand: [{ quantity: 3 }], alsoExisting: false }],
  });
  expect(refused).toMatchObject({ faults: [{ pointer: '/variants/0/onHand', code: 'stock_of_a_bundle' }] });
});

test('of products counted anew, those whose count is the same are not noted as restocked', async () => {
  const { shop, save } = await given();
  const counts = (quantity: number) => [{ onHand: [{ quantity }], alsoExisting: true }];
  const [same, other] = [
    saved(await save({ draft: productDraft(), stock: counts(5) })),
    saved(await save({ draft: productDraft(), stock: counts(5) })),
  ];
  await save({ id: same.id, draft: same, stock: counts(5) }, { id: other.id, draft: other, stock: counts(6) });
  expect(await shop.auditOf(same.id)).toEqual(['product.created']);
  expect(await shop.auditOf(other.id)).toEqual(['product.created', 'product.restocked']);
});

test('a variant that goes takes its price off the list', async () => {
  const { save } = await given();
  const draft = productDraft({
    kind: 'variable',
    status: 'active',
    options: [{ name: 'Size', values: ['S', 'M'] }],
    variants: [variantDraft({ options: ['S'] }), variantDraft({ options: ['M'] })],
  });
  const product = saved(await save({ draft, prices: [[price(100n)], [price(300n)]] }));
  await save({ id: product.id, draft: { ...product, variants: product.variants.slice(1) } });
  const rows = await db.admin`select min_amount, max_amount from listing_prices where product_id = ${product.id}`;
  expect(rows.map((row) => [Number(row['min_amount']), Number(row['max_amount'])])).toEqual([[300, 300]]);
});

test('with approval required, what somebody without products.approve makes active waits; what is active stays so', async () => {
  const { shop, inShop, save } = await given();
  await inShop((ctx) => patchSettings(ctx, 'catalogue', { requireApproval: true }));
  const clerk: Session = {
    ...shop.system,
    actor: { type: 'staff', id: newId('stf') },
    permissions: new Set(['products.read', 'products.write']),
  };
  const as = (session: Session, one: ProductSave) => inShop((ctx) => saveProducts(ctx, [one]), session);
  const waiting = saved(await as(clerk, { draft: productDraft({ status: 'active' }) }));
  expect(waiting).toMatchObject({ status: 'pending_approval', submittedById: clerk.actor.id });
  const live = saved(await save({ draft: productDraft({ status: 'active' }) }));
  expect(saved(await as(clerk, { id: live.id, draft: { ...live, title: 'Better' } }))).toMatchObject({
    status: 'active',
  });
  const chief = { ...clerk, permissions: new Set([...clerk.permissions, 'products.approve']) };
  expect(saved(await as(chief, { draft: productDraft({ status: 'active' }) })).status).toBe('active');
});

test('a batch with prices and stock takes as many statements for thirty products as for two hundred and fifty', async () => {
  const { inShop } = await given();
  const counted = (count: number) =>
    inShop(async (ctx) => {
      let statements = 0;
      ctx.audit({ action: 'batch.saved', entity: { type: 'batch', id: String(count) } });
      const counting: Ctx = { ...ctx, tx: countingTx(ctx.tx, () => statements++) };
      const saves = Array.from({ length: count }, (_, at) => ({
        draft: productDraft({ status: 'active', variants: [variantDraft({ sku: `${count}-${at}` })] }),
        prices: [[price(100n)]],
        stock: [{ onHand: [{ quantity: 1 }], alsoExisting: true }],
      }));
      const results = await saveProducts(counting, saves);
      expect(results.every(({ outcome }) => outcome === 'created')).toBe(true);
      return statements;
    });
  const few = await counted(30);
  expect(await counted(250)).toBe(few);
  expect(few).toBeLessThan(60);
});
