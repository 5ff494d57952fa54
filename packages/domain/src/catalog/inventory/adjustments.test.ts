import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import type { ListQuery, Page } from '../../kernel/page.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { givenShop } from '../../testing/people.ts';
import type { AdjustmentRow } from './adjustments.contract.ts';
import { adjustStock, adjustStockBatch } from './adjustments.service.ts';
import { BundleHasNoStock, StockBelowZero, StockChanged } from './inventory.errors.ts';
import { createLocation, defaultLocationId } from './locations.service.ts';
import { reserve } from './reservations.service.ts';
import { listMovements, listStockLevels, updateStockLevel } from './stock-levels.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const adjust = (session: Session, row: AdjustmentRow) =>
  within(session, (ctx) => adjustStock(ctx, { ...row, reason: 'counted' }));
const canBeHad = async (productId: Id<'prod'>) =>
  (await db.admin`select is_available from product_availability where product_id = ${productId}`)[0]?.['is_available'];
const versionOf = async ({ companyId }: Session) =>
  (await db.admin`select version from catalogue_versions where company_id = ${companyId}`)[0]?.['version'] ?? 0;

test('a change by SKU is carried out, noted, announced and seen by visitors, by whoever made it', async () => {
  const shop = await givenShop(db);
  const session = await shop.as(await shop.hire('owner'));
  const { variantId, productId } = await givenGoods(db, shop.companyId, { sku: 'Adire-M' });
  const before = await versionOf(session);
  const { delta, stockLevel } = await adjust(session, { sku: 'ADIRE-m', delta: 12 });
  expect({ delta, stockLevel }).toMatchObject({
    delta: 12,
    stockLevel: { variantId, productId, sku: 'Adire-M', onHand: 12, available: 12, isLow: false, lowStockThreshold: 5 },
  });
  expect(await shop.auditOf(variantId)).toEqual(['stock.adjusted']);
  expect(await shop.eventsOf(variantId)).toMatchObject([{ type: 'inventory.adjusted', sequence: 1 }]);
  expect(await canBeHad(productId)).toBe(true);
  expect(Number(await versionOf(session))).toBe(Number(before) + 1);
  const { data } = await within(session, (ctx) => listMovements(ctx, { limit: 10, sku: 'adire-M' }));
  expect(data).toMatchObject([{ onHandDelta: 12, reason: 'counted', actor: session.actor, kind: 'adjustment' }]);
});

test('the shelf never holds less than nothing, but may hold less than is promised, and shows it', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await adjust(session, { variantId, delta: 5 });
  await within(session, (ctx) =>
    reserve(ctx, { owner: { type: 'order', id: 'o' }, lines: [{ variantId, quantity: 4 }], expiresAt: null }),
  );
  await expect(adjust(session, { variantId, delta: -6 })).rejects.toThrow(StockBelowZero);
  const { stockLevel } = await adjust(session, { variantId, delta: -3 });
  expect(stockLevel).toMatchObject({ onHand: 2, reserved: 4, available: 0 });
  expect(await canBeHad(productId)).toBe(false);
});

test('a count that was taken before somebody else changed it is refused, and the present one told', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await adjust(session, { variantId, setTo: 8, expected: 0 });
  const refusal = adjust(session, { variantId, setTo: 9, expected: 7 });
  await expect(refusal).rejects.toThrow(StockChanged);
  await expect(refusal).rejects.toThrow(/There are 8 .* not 7/);
  const both = await Promise.allSettled([3, 4].map((setTo) => adjust(session, { variantId, setTo, expected: 8 })));
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('of a batch each row stands for itself, and rows of one variant follow each other', async () => {
  const session = await givenCompany(db);
  const [a, b] = [
    await givenGoods(db, session.companyId, { sku: 'A' }),
    await givenGoods(db, session.companyId, { sku: 'B' }),
  ];
  const set = await givenGoods(db, session.companyId, { sku: 'SET', parts: new Map([[a.variantId, 1]]) });
  const rows: AdjustmentRow[] = [
    { sku: 'a', delta: 3 },
    { sku: 'a', delta: -4 },
    { sku: 'a', setTo: 1, expected: 3 },
    { sku: 'nobody', delta: 1 },
    { variantId: b.variantId, setTo: 0 },
    { variantId: set.variantId, delta: 1 },
    { variantId: b.variantId, locationId: newId('loc'), delta: 1 },
  ];
  const result = await within(session, (ctx) => adjustStockBatch(ctx, { reason: 'stocktaking', rows }));
  expect(result.counts).toEqual({ adjusted: 2, unchanged: 1, refused: 4 });
  expect(result.rows.map(({ outcome, onHand, error }) => [outcome, onHand, error?.code])).toEqual([
    ['adjusted', 3, undefined],
    ['refused', 3, 'stock_below_zero'],
    ['adjusted', 1, undefined],
    ['refused', null, 'not_found'],
    ['unchanged', 0, undefined],
    ['refused', null, 'bundle_has_no_stock'],
    ['refused', null, 'not_found'],
  ]);
  await expect(adjust(session, { sku: 'SET', delta: 1 })).rejects.toThrow(BundleHasNoStock);
});

test("another company's variant and location are not there", async () => {
  const [mine, other] = [await givenCompany(db), await givenCompany(db)];
  const foreign = await givenGoods(db, other.companyId, { sku: 'SAME' });
  const own = await givenGoods(db, mine.companyId, { sku: 'SAME' });
  await adjust(other, { sku: 'SAME', delta: 9 });
  await adjust(mine, { sku: 'SAME', delta: 1 });
  const locationId = await within(other, defaultLocationId);
  await expect(adjust(mine, { variantId: foreign.variantId, delta: 1 })).rejects.toThrow(NotFound);
  await expect(adjust(mine, { variantId: own.variantId, locationId, delta: 1 })).rejects.toThrow(NotFound);
  await expect(within(mine, (ctx) => updateStockLevel(ctx, foreign.variantId, { safetyStock: 1 }))).rejects.toThrow(
    NotFound,
  );
  const { data } = await within(mine, (ctx) => listStockLevels(ctx, { limit: 10, sku: 'SAME' }));
  expect(data).toMatchObject([{ variantId: own.variantId, onHand: 1 }]);
  expect((await within(mine, (ctx) => listStockLevels(ctx, { limit: 10, variantId: foreign.variantId }))).data).toEqual(
    [],
  );
});

test('what is kept back is not sold, and when a variant counts as low can be set for it alone', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await adjust(session, { variantId, delta: 8 });
  const set = (patch: Parameters<typeof updateStockLevel>[2]) =>
    within(session, (ctx) => updateStockLevel(ctx, variantId, patch));
  expect(await set({ safetyStock: 2 })).toMatchObject({ available: 6, safetyStock: 2, isLow: false });
  const low = async (isLow: boolean) =>
    (await within(session, (ctx) => listStockLevels(ctx, { limit: 10, low: isLow }))).data.map(
      (level) => level.variantId,
    );
  expect([await low(true), await low(false)]).toEqual([[], [variantId]]);
  expect(await set({ lowStockThreshold: 6 })).toMatchObject({ isLow: true, lowStockThreshold: 6 });
  expect([await low(true), await low(false)]).toEqual([[variantId], []]);
  expect(await set({ safetyStock: 8 })).toMatchObject({ available: 0 });
  expect(await canBeHad(productId)).toBe(false);
  expect(await set({ lowStockThreshold: null, safetyStock: 0 })).toMatchObject({ isLow: false, lowStockThreshold: 5 });
  expect(await canBeHad(productId)).toBe(true);
});

test('levels and the ledger are read in pages without a gap', async () => {
  const session = await givenCompany(db);
  const first = await within(session, defaultLocationId);
  const { id: second } = await within(session, (ctx) =>
    createLocation(ctx, { name: 'B', handle: 'b', address: null, priority: 5, isActive: true }),
  );
  const goods = await Promise.all(Array.from({ length: 3 }, () => givenGoods(db, session.companyId)));
  for (const { variantId } of goods)
    for (const locationId of [first, second]) await adjust(session, { variantId, locationId, delta: 1 });
  const levels = await allOf((query) => within(session, (ctx) => listStockLevels(ctx, query)));
  const movements = await allOf((query) => within(session, (ctx) => listMovements(ctx, query)));
  for (const rows of [levels, movements]) {
    expect(rows).toHaveLength(6);
    expect(new Set(rows.map(({ variantId, locationId }) => variantId + locationId)).size).toBe(6);
  }
});

async function allOf<Item>(read: (query: ListQuery) => Promise<Page<Item>>): Promise<Item[]> {
  const seen: Item[] = [];
  for (let after: string | undefined; ; ) {
    const { data, page } = await read({ limit: 2, after });
    seen.push(...data);
    if (!page.next) return seen;
    after = page.next;
  }
}
