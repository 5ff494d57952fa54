import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { createLocation, updateLocation } from './locations.service.ts';
import { companiesWithDueStockRefreshes, followSettings } from './refreshes.service.ts';
import { setOnHand } from './stock.service.ts';
import { refreshStock, refreshStockShare } from './stock-care.flow.ts';
import { listStockLevels } from './stock-levels.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const isDue = async (session: Session) =>
  (await db.relay.unscoped((tx) => companiesWithDueStockRefreshes(tx, 1_000))).includes(session.companyId);
const available = async (session: Session) =>
  (
    await db.admin`select count(*)::int as n from product_availability
    where company_id = ${session.companyId} and is_available`
  )[0]?.['n'];
const variantsOf = (session: Session, many: number, products: number) => db.admin`with made as (
    insert into products (company_id, id, handle, title, title_key, kind, status, published_at)
    select ${session.companyId}, 'prod_' || lpad(p::text, 6, '0'), 'p-' || p, 'T', 't', 'simple', 'active', now()
    from generate_series(1, ${products}) p
  ) insert into product_variants (company_id, id, product_id, position, sku, sku_key, options_key, tracks_stock)
    select ${session.companyId}, 'var_' || p || '_' || v, 'prod_' || lpad(p::text, 6, '0'), v, p || '-' || v, p || '-' || v,
      v::text, true from generate_series(1, ${products}) p, generate_series(1, ${many}) v`;
const refreshAll = async (session: Session) => {
  let shares = 1;
  while (await refreshStockShare(db.app.run, session)) shares += 1;
  return shares;
};

test('a changed setting is carried through in shares of a bounded number of variants, all products once', async () => {
  const session = await givenCompany(db);
  await variantsOf(session, 900, 5);
  await within(session, async (ctx) => {
    await patchSettings(ctx, 'inventory', { backorder: true });
    await followSettings(ctx, 'inventory');
  });
  expect(await isDue(session)).toBe(true);
  expect(await refreshStockShare(db.app.run, session)).toBe(true);
  expect(await available(session)).toBe(2); // 1,800 variants; a third product would make it 2,700
  expect(await refreshAll(session)).toBe(2);
  expect(await available(session)).toBe(5);
  expect(await isDue(session)).toBe(false);
});

test('a product with more variants than a share is a share', async () => {
  const session = await givenCompany(db);
  await variantsOf(session, 2_100, 2);
  await within(session, async (ctx) => {
    await patchSettings(ctx, 'inventory', { backorder: true });
    await followSettings(ctx, 'inventory');
  });
  await refreshAll(session);
  expect(await available(session)).toBe(2);
});

test('a switched location is seen by its products, and other groups of settings move nothing', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const place = (handle: string) =>
    within(session, (ctx) => createLocation(ctx, { name: handle, handle, address: null, priority: 0, isActive: true }));
  const [a] = [await place('a'), await place('b')];
  await within(session, (ctx) => setOnHand(ctx, [{ variantId, locationId: a.id, quantity: 9 }], { type: 'test' }));
  await within(session, (ctx) => followSettings(ctx, 'checkout'));
  expect(await isDue(session)).toBe(false);
  await within(session, (ctx) => updateLocation(ctx, a.id, { isActive: false }));
  expect(await isDue(session)).toBe(true);
  await refreshAll(session);
  const { data } = await within(session, (ctx) => listStockLevels(ctx, { limit: 10 }));
  expect(data).toMatchObject([{ isLow: true, available: 0 }]);
});

test('what was never counted anywhere is not low: nobody is told, and no report shows it', async () => {
  const session = await givenCompany(db);
  await givenGoods(db, session.companyId);
  const counted = await givenGoods(db, session.companyId);
  await within(session, (ctx) => setOnHand(ctx, [{ variantId: counted.variantId, quantity: 3 }], { type: 'test' }));
  await refreshStock(db.app.run, session);
  const told =
    await db.admin`select id from events where company_id = ${session.companyId} and type = 'inventory.low_stock'`;
  expect(told.length).toBe(0);
  const low = await db.admin`select variant_id from stock_items where company_id = ${session.companyId} and is_low`;
  expect(low.map((row) => row['variant_id'])).toEqual([counted.variantId]);
});
