import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { refreshAvailability } from './availability.service.ts';
import { createLocation, defaultLocationId, updateLocation } from './locations.service.ts';
import { availableOf, readStock, setOnHand } from './stock.service.ts';

const db = useDatabase();
const cause = { type: 'test' };

const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);

const place = (session: Session, handle: string, priority: number) =>
  within(session, (ctx) => createLocation(ctx, { name: handle, handle, address: null, priority, isActive: true }));

const isAvailable = async (session: Session, productId: Id<'prod'>) => {
  await within(session, (ctx) => refreshAvailability(ctx, [productId]));
  const [row] = await db.admin`select is_available from product_availability where product_id = ${productId}`;
  return row?.['is_available'];
};

test('a count is set at the default location, with a row of the ledger, and set again it changes nothing', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const set = (quantity: number) =>
    within(session, async (ctx) => [
      ...(await setOnHand(ctx, [{ variantId, quantity }], { type: 'product_import', id: 'x', reason: 'r' })),
    ]);
  expect([await set(7), await set(7), await set(4)]).toEqual([[variantId], [], [variantId]]);
  const stock = await within(session, (ctx) => readStock(ctx, [variantId]));
  const locationId = await within(session, defaultLocationId);
  expect(stock.get(variantId)).toEqual([
    { variantId, locationId, onHand: 4, reserved: 0, incoming: 0, safetyStock: 0, available: 4 },
  ]);
  const ledger = await db.admin`select on_hand_delta, kind, cause_type, cause_id, reason, actor_type, actor_id
    from stock_movements where variant_id = ${variantId} order by id`;
  expect(ledger.map((row) => ({ ...row }))).toEqual(
    [7, -3].map((on_hand_delta) => ({
      on_hand_delta,
      kind: 'adjustment',
      cause_type: 'product_import',
      cause_id: 'x',
      reason: 'r',
      actor_type: 'system',
      actor_id: 'test',
    })),
  );
});

test('a batch of 250 variants is as many statements as one of two', async () => {
  const session = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 250 }, () => givenGoods(db, session.companyId)));
  await within(session, defaultLocationId); // makes it
  const count = async (some: typeof goods, quantity: number) => {
    let statements = 0;
    await within(session, async (ctx) => {
      const execute = ctx.tx.execute.bind(ctx.tx);
      ctx.tx.execute = (query) => {
        statements += 1;
        return execute(query);
      };
      const items = some.map(({ variantId }) => ({ variantId, quantity }));
      expect((await setOnHand(ctx, items, cause)).size).toBe(some.length);
      await refreshAvailability(
        ctx,
        some.map(({ productId }) => productId),
      );
    });
    return statements;
  };
  expect(await count(goods.slice(0, 2), 3)).toBe(await count(goods.slice(2), 3));
  expect(await count(goods.slice(0, 2), 9)).toBe(await count(goods.slice(2), 9));
});

test('two that count the same new shelf at once both get through, and the ledger adds up', async () => {
  const session = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 20 }, () => givenGoods(db, session.companyId)));
  const counts = [3, 5, 8, 13].map((quantity, at) => {
    const items = goods.map(({ variantId }) => ({ variantId, quantity }));
    return within(session, (ctx) => setOnHand(ctx, at % 2 ? items : items.reverse(), cause));
  });
  await Promise.all(counts);
  const wrong = await db.admin`select l.variant_id from stock_levels l join lateral (
      select sum(on_hand_delta) as sum from stock_movements m where m.variant_id = l.variant_id) m on true
    where l.company_id = ${session.companyId} and l.on_hand <> m.sum`;
  expect(wrong).toEqual([]);
});

test("another company's variant and location are not there", async () => {
  const [mine, other] = [await givenCompany(db), await givenCompany(db)];
  const foreign = await givenGoods(db, other.companyId);
  const own = await givenGoods(db, mine.companyId);
  const foreignPlace = await within(other, defaultLocationId);
  const set = (variantId: Id<'var'>, locationId?: Id<'loc'>) =>
    within(mine, (ctx) => setOnHand(ctx, [{ variantId, locationId, quantity: 1 }], cause));
  await expect(set(foreign.variantId)).rejects.toThrow(NotFound);
  await expect(set(newId('var'))).rejects.toThrow(NotFound);
  await expect(set(own.variantId, foreignPlace)).rejects.toThrow(NotFound);
  await within(other, (ctx) => setOnHand(ctx, [{ variantId: foreign.variantId, quantity: 9 }], cause));
  expect((await within(mine, (ctx) => readStock(ctx, [foreign.variantId]))).get(foreign.variantId)).toEqual([]);
  expect((await within(mine, (ctx) => availableOf(ctx, [foreign.variantId]))).size).toBe(0);
});

test("one place's shortage does not hide another's goods, and goods at a place that is off are not for sale", async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  const [a, b] = [await place(session, 'a', 0), await place(session, 'b', 1)];
  await within(session, (ctx) =>
    setOnHand(
      ctx,
      [
        { variantId, locationId: a.id, quantity: 0 },
        { variantId, locationId: b.id, quantity: 3 },
      ],
      cause,
    ),
  );
  await db.admin`update stock_levels set reserved = 5 where location_id = ${a.id}`;
  const available = async () => (await within(session, (ctx) => availableOf(ctx, [variantId]))).get(variantId);
  expect(await available()).toEqual({ available: 3, backorder: false });
  await db.admin`update stock_levels set safety_stock = 2 where location_id = ${b.id}`;
  expect(await available()).toEqual({ available: 1, backorder: false });
  expect(await isAvailable(session, productId)).toBe(true);
  await within(session, (ctx) => updateLocation(ctx, b.id, { isActive: false }));
  expect(await available()).toEqual({ available: 0, backorder: false });
  const [row] = await db.admin`select is_available from product_availability where product_id = ${productId}`;
  expect(row?.['is_available']).toBe(false); // by the switch itself
});

test('a product can be had when one of its living variants can', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  expect(await isAvailable(session, productId)).toBe(false);
  await within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity: 1 }], cause));
  expect(await isAvailable(session, productId)).toBe(true);
  await within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity: 0 }], cause));
  expect(await isAvailable(session, productId)).toBe(false);
  await givenGoods(db, session.companyId, { productId, tracksStock: false, archived: true });
  expect(await isAvailable(session, productId)).toBe(false);
  await givenGoods(db, session.companyId, { productId, backorder: 'allow' });
  expect(await isAvailable(session, productId)).toBe(true);
});

test("the company's backorder setting holds where the variant says nothing", async () => {
  const session = await givenCompany(db);
  const silent = await givenGoods(db, session.companyId);
  const denying = await givenGoods(db, session.companyId, { backorder: 'deny' });
  await within(session, (ctx) => patchSettings(ctx, 'inventory', { backorder: true }));
  expect(await isAvailable(session, silent.productId)).toBe(true);
  expect(await isAvailable(session, denying.productId)).toBe(false);
  const available = await within(session, (ctx) => availableOf(ctx, [silent.variantId, denying.variantId]));
  expect([...available.values()].map(({ backorder }) => backorder).sort()).toEqual([false, true]);
});

test('a bundle can be had as often as its scarcest part allows, and follows its parts', async () => {
  const session = await givenCompany(db);
  const [cup, pot] = [await givenGoods(db, session.companyId), await givenGoods(db, session.companyId)];
  const leaflet = await givenGoods(db, session.companyId, { tracksStock: false });
  const parts = new Map([
    [cup.variantId, 4],
    [pot.variantId, 1],
    [leaflet.variantId, 1],
  ]);
  const set = await givenGoods(db, session.companyId, { parts });
  const count = (variantId: Id<'var'>, quantity: number) =>
    within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity }], cause));
  await count(cup.variantId, 11);
  await count(pot.variantId, 5);
  const available = async () => (await within(session, (ctx) => availableOf(ctx, [set.variantId]))).get(set.variantId);
  expect(await available()).toEqual({ available: 2, backorder: false });
  expect(await isAvailable(session, set.productId)).toBe(true);
  await count(cup.variantId, 3);
  expect(await available()).toEqual({ available: 0, backorder: false });
  await within(session, (ctx) => refreshAvailability(ctx, [cup.productId])); // of the part alone
  const [row] = await db.admin`select is_available from product_availability where product_id = ${set.productId}`;
  expect(row?.['is_available']).toBe(false);
});

test('a part that is sold beyond stock does not limit a bundle, the others do', async () => {
  const session = await givenCompany(db);
  const endless = await givenGoods(db, session.companyId, { backorder: 'allow' });
  const scarce = await givenGoods(db, session.companyId);
  const parts = new Map([
    [endless.variantId, 1],
    [scarce.variantId, 2],
  ]);
  const set = await givenGoods(db, session.companyId, { parts });
  await within(session, (ctx) => setOnHand(ctx, [{ variantId: scarce.variantId, quantity: 7 }], cause));
  const available = await within(session, (ctx) => availableOf(ctx, [set.variantId, endless.variantId]));
  expect(available.get(set.variantId)).toEqual({ available: 3, backorder: false });
  expect(available.get(endless.variantId)).toEqual({ available: 0, backorder: true });
});

test('what is sold without counting has no number', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId, { tracksStock: false });
  const available = await within(session, (ctx) => availableOf(ctx, [variantId]));
  expect(available.get(variantId)).toEqual({ available: null, backorder: false });
});

test('low stock is told once each time it falls, and never for what is new', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId, { sku: 'ADIRE-M' });
  for (const quantity of [3, 20, 5, 4, 20, 1])
    await within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity }], cause));
  const told = await db.admin`select sequence, data from events
    where company_id = ${session.companyId} and type = 'inventory.low_stock' order by id`;
  expect(told.map((row) => [row['sequence'], row['data'].stockItem.available])).toEqual([
    [1, 5],
    [2, 1],
  ]);
  expect(told[0]?.['data'].stockItem).toMatchObject({ sku: 'ADIRE-M', lowStockThreshold: 5, isLow: true });
});
