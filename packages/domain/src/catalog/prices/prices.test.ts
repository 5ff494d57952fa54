import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { gate, somebodyWaits } from '../../testing/lock-waits.ts';
import { warmUp } from '../../testing/people.ts';
import { refreshListingPrices } from './listing-prices.service.ts';
import { BEGINNING_OF_TIME, END_OF_TIME } from './listing-prices.ts';
import type { PriceDraft, PriceWrite } from './price-draft.ts';
import { PRICES_PER_VARIANT_MAX } from './price-limits.contract.ts';
import { readPrices, writePrices } from './prices.service.ts';

const db = useDatabase();
type VariantId = Id<'var'>;

const ngn = (amountMinor: bigint, more: Partial<PriceDraft> = {}): PriceDraft => ({
  currency: 'NGN',
  amountMinor,
  compareAtMinor: null,
  validFrom: null,
  validUntil: null,
  ...more,
});

/** The note is the caller's part. */
const noted = (ctx: Ctx) => {
  ctx.audit({ action: 'prices.tested', entity: { type: 'test', id: 'test' } });
  return ctx;
};
const write = (session: Session, ...writes: PriceWrite[]) =>
  db.app.run(session, (ctx) => writePrices(noted(ctx), writes));
const pricesOf = async (session: Session, id: VariantId) =>
  (await db.app.run(session, (ctx) => readPrices(ctx, [id]))).get(id);
const historyOf = (id: VariantId) =>
  db.admin`select change, currency, amount::text from price_changes where variant_id = ${id} order by id`;
const listingOf = (id: Id<'prod'>) =>
  db.admin`select currency, valid_from, valid_until, min_amount::int as min, max_amount::int as max, compare_at::int as compare_at
    from listing_prices where product_id = ${id} order by currency, valid_from`;

test('prices are set, changed and taken away, and each change leaves one line of history', async () => {
  const shop = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, shop.companyId);
  expect(await write(shop, { variantId, prices: [ngn(125_000n), ngn(2_500n, { currency: 'JPY' })] })).toBe(2);
  expect(await write(shop, { variantId, prices: [ngn(99_000n, { compareAtMinor: 125_000n })] })).toBe(2);
  expect(await pricesOf(shop, variantId)).toEqual([ngn(99_000n, { compareAtMinor: 125_000n })]);
  expect([...(await historyOf(variantId))]).toEqual([
    { change: 'set', currency: 'NGN', amount: '125000' },
    { change: 'set', currency: 'JPY', amount: '2500' },
    { change: 'removed', currency: 'JPY', amount: '2500' },
    { change: 'set', currency: 'NGN', amount: '99000' },
  ]);
  expect([...(await listingOf(productId))]).toEqual([
    {
      currency: 'NGN',
      valid_from: new Date(BEGINNING_OF_TIME),
      valid_until: new Date(END_OF_TIME),
      min: 99_000,
      max: 99_000,
      compare_at: 125_000,
    },
  ]);
});

test('writing the same prices again touches nothing', async () => {
  const shop = await givenCompany(db);
  const { variantId } = await givenGoods(db, shop.companyId);
  const prices = [ngn(5n), ngn(4n, { validFrom: '2026-11-01T00:00:00Z', validUntil: '2026-12-01T01:00:00+01:00' })];
  expect(await write(shop, { variantId, prices })).toBe(2);
  const [before] = await db.admin`select array_agg(p.xmin::text) as rows from prices p where variant_id = ${variantId}`;
  expect(await write(shop, { variantId, prices: prices.toReversed() })).toBe(0);
  const [after] = await db.admin`select array_agg(p.xmin::text) as rows from prices p where variant_id = ${variantId}`;
  expect(after).toEqual(before);
  expect((await historyOf(variantId)).length).toBe(2);
});

test('with currencies named, prices in others stay', async () => {
  const shop = await givenCompany(db);
  const { variantId } = await givenGoods(db, shop.companyId);
  await write(shop, { variantId, prices: [ngn(5n), ngn(7n, { currency: 'JPY' })] });
  await write(shop, { variantId, prices: [ngn(6n)], currencies: ['NGN'] });
  expect(await pricesOf(shop, variantId)).toEqual([ngn(7n, { currency: 'JPY' }), ngn(6n)]);
  await write(shop, { variantId, prices: [], currencies: ['NGN'] });
  expect(await pricesOf(shop, variantId)).toEqual([ngn(7n, { currency: 'JPY' })]);
});

test('a product is listed from its cheapest variant for sale on, at each time', async () => {
  const shop = await givenCompany(db);
  const { variantId: small, productId } = await givenGoods(db, shop.companyId);
  const { variantId: large } = await givenGoods(db, shop.companyId, { productId });
  const sale = { validFrom: '2026-11-20T00:00:00.000Z', validUntil: '2026-11-27T00:00:00.000Z' };
  await write(
    shop,
    { variantId: small, prices: [ngn(100n), ngn(80n, { ...sale, compareAtMinor: 100n })] },
    { variantId: large, prices: [ngn(150n)] },
  );
  const shown = async () => (await listingOf(productId)).map(({ min, max, compare_at }) => [min, max, compare_at]);
  expect(await shown()).toEqual([
    [100, 150, null],
    [80, 150, 100],
    [100, 150, null],
  ]);
  await db.admin`update product_variants set archived_at = now() where id = ${small}`;
  await db.app.run(shop, (ctx) => refreshListingPrices(ctx, [productId]));
  expect(await shown()).toEqual([[150, 150, null]]);
});

test('a variant without a price is not held against its product', async () => {
  const shop = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, shop.companyId);
  await givenGoods(db, shop.companyId, { productId });
  await write(shop, { variantId, prices: [ngn(0n)] });
  expect((await listingOf(productId))[0]).toMatchObject({ min: 0, max: 0 });
  await write(shop, { variantId, prices: [] });
  expect([...(await listingOf(productId))]).toEqual([]);
});

test('what makes no sense is refused with its place, and nothing is kept', async () => {
  const shop = await givenCompany(db);
  const { variantId } = await givenGoods(db, shop.companyId);
  const refusals: [PriceDraft[], string, string][] = [
    [[ngn(-1n)], '/prices/0/amount', 'amount_out_of_range'],
    [[ngn(2n ** 53n)], '/prices/0/amount', 'amount_out_of_range'],
    [[ngn(5n), ngn(5n, { currency: 'JPY', compareAtMinor: 4n })], '/prices/1/compareAt', 'compare_at_below_amount'],
    [[ngn(1n), ngn(2n)], '/prices/1', 'price_twice'],
    [
      [ngn(1n, { validFrom: '2026-11-21T12:00:00Z', validUntil: '2026-11-21T13:00:00+01:00' })],
      '/prices/0/validUntil',
      'window_ends_before_it_begins',
    ],
    [[ngn(1n, { validFrom: '1969-01-01T00:00:00Z' })], '/prices/0/validFrom', 'time_out_of_range'],
  ];
  for (const [prices, pointer, code] of refusals) {
    const refused = write(shop, { variantId, prices: [ngn(3n, { currency: 'USD' }), ...prices] });
    const shifted = pointer.replace(/\/(\d)/, (_all, at) => `/${Number(at) + 1}`);
    await expect(refused).rejects.toMatchObject({ faults: [{ pointer: shifted, code }] });
  }
  await expect(write(shop, { variantId, prices: [ngn(1n)], currencies: ['JPY'] })).rejects.toBeInstanceOf(InvalidInput);
  expect(await pricesOf(shop, variantId)).toEqual([]);
});

test('the prices of a product begin and end at a bounded number of times', async () => {
  const shop = await givenCompany(db);
  const { variantId: one, productId } = await givenGoods(db, shop.companyId);
  const { variantId: two } = await givenGoods(db, shop.companyId, { productId });
  const { variantId: three } = await givenGoods(db, shop.companyId, { productId });
  const hourly = (from: number) =>
    Array.from({ length: PRICES_PER_VARIANT_MAX }, (_one, at) =>
      ngn(BigInt(at), { validFrom: new Date(Date.UTC(2026, 0, 1, from + at)).toISOString() }),
    );
  await write(shop, { variantId: one, prices: hourly(0) }, { variantId: two, prices: hourly(100) });
  await expect(write(shop, { variantId: three, prices: hourly(200) })).rejects.toMatchObject({
    faults: [{ code: 'too_many_price_times' }],
  });
  await write(shop, { variantId: three, prices: hourly(50) });
  expect(await listingOf(productId)).toHaveLength(200);
  await expect(write(shop, { variantId: one, prices: [...hourly(0), ngn(1n)] })).rejects.toMatchObject({
    faults: [{ pointer: '/prices', code: 'too_many_prices' }],
  });
});

test("another company's variant, an archived one and none at all are alike", async () => {
  const [a, b] = [await givenCompany(db), await givenCompany(db)];
  const { variantId } = await givenGoods(db, a.companyId);
  const { variantId: archived } = await givenGoods(db, b.companyId, { archived: true });
  for (const id of [variantId, archived, newId('var')])
    await expect(write(b, { variantId: id, prices: [ngn(1n)] })).rejects.toEqual(new NotFound('variant'));
  expect(await pricesOf(b, variantId)).toEqual([]);
});

test('a batch takes as many statements as one variant, and writers of the same products do not get in the way', async () => {
  const shop = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 60 }, () => givenGoods(db, shop.companyId)));
  const counting = async (ids: readonly VariantId[], amount: bigint) => {
    let statements = 0;
    await db.app.run(shop, (ctx) => {
      const { client } = (ctx.tx as unknown as { session: { client: { unsafe: (...given: never[]) => unknown } } })
        .session;
      const { unsafe } = client;
      client.unsafe = (...given) => {
        statements += 1;
        return unsafe.apply(client, given);
      };
      return writePrices(
        noted(ctx),
        ids.map((variantId) => ({ variantId, prices: [ngn(amount)] })),
      );
    });
    return statements;
  };
  const ids = goods.map(({ variantId }) => variantId);
  const [first, ...rest] = ids as [VariantId, ...VariantId[]];
  expect(await counting(rest, 1n)).toBe(await counting([first], 1n));
  await warmUp(db);
  const shuffled = [ids, ids.toReversed(), ids.slice(20), ids.toReversed().slice(10)];
  await Promise.all(
    shuffled.map((some, at) =>
      write(shop, ...some.map((variantId) => ({ variantId, prices: [ngn(BigInt(10 + at))] }))),
    ),
  );
  const [last] = await db.admin`select count(*)::int as count from prices p
    join listing_prices l on l.company_id = p.company_id and l.min_amount = p.amount
    join product_variants v on v.id = p.variant_id and v.product_id = l.product_id
    where p.company_id = ${shop.companyId}`;
  expect(last?.['count']).toBe(60);
});

test('two variants of one product priced at once: the product is listed by both', async () => {
  const shop = await givenCompany(db);
  const { variantId: small, productId } = await givenGoods(db, shop.companyId);
  const { variantId: large } = await givenGoods(db, shop.companyId, { productId });
  await write(shop, { variantId: small, prices: [ngn(100n)] }, { variantId: large, prices: [ngn(150n)] });
  const [written, mayEnd] = [gate(), gate()];
  const first = db.app.run(shop, async (ctx) => {
    await writePrices(noted(ctx), [{ variantId: small, prices: [ngn(50n)] }]);
    written.open();
    await mayEnd.passed;
  });
  await written.passed;
  const second = write(shop, { variantId: large, prices: [ngn(200n)] });
  await somebodyWaits(db);
  mayEnd.open();
  await Promise.all([first, second]);
  const listed = await listingOf(productId);
  expect(listed).toMatchObject([{ min: 50, max: 200 }]);
  await db.app.run(shop, (ctx) => refreshListingPrices(ctx, [productId]));
  expect([...(await listingOf(productId))]).toEqual([...listed]);
});
