import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { recomputeCounters } from './drift.service.ts';
import { reserve } from './reservations.service.ts';
import { setOnHand } from './stock.service.ts';
import { checkStock, refreshStock } from './stock-care.flow.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);

async function given() {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity: 9 }], { type: 'test' }));
  const lines = [{ variantId, quantity: 4 }];
  await within(session, (ctx) => reserve(ctx, { owner: { type: 'order', id: 'o' }, lines, expiresAt: null }));
  return { session, variantId, productId };
}

test('counters that somebody wrote by hand are found, and set to what the ledger and the holds say', async () => {
  const { session, variantId } = await given();
  const other = await given();
  expect(await checkStock(db.app.run, session)).toEqual([]);
  await db.admin`update stock_levels set on_hand = 50, reserved = 1, incoming = 3 where variant_id = ${variantId}`;
  await db.admin`update stock_levels set on_hand = 1 where variant_id = ${other.variantId}`;
  const drifts = await checkStock(db.app.run, session);
  expect(drifts).toMatchObject([
    {
      variantId,
      onHand: 50,
      onHandByLedger: 9,
      reserved: 1,
      reservedByLedger: 4,
      reservedByHolds: 4,
      incomingByLedger: 0,
    },
  ]);
  const both = await Promise.all(
    [1, 2].map(() => within(session, (ctx) => recomputeCounters(ctx, [variantId, other.variantId]))),
  );
  expect(both.flatMap(({ corrected }) => corrected)).toEqual(drifts);
  expect(await checkStock(db.app.run, session)).toEqual([]);
  const [level] = await db.admin`select on_hand, reserved, incoming from stock_levels where variant_id = ${variantId}`;
  expect(level).toEqual({ on_hand: 9, reserved: 4, incoming: 0 });
  const notes = await db.admin`select action from audit_entries where entity_id = ${variantId}`;
  expect(notes.map((row) => row['action'])).toEqual(['stock.corrected']);
  expect(await checkStock(db.app.run, other.session)).toHaveLength(1);
});

test('a hold that vanished is noted in the ledger, which is not rewritten', async () => {
  const { session, variantId } = await given();
  await db.admin`delete from stock_reservations where variant_id = ${variantId}`;
  await within(session, (ctx) => recomputeCounters(ctx, [variantId]));
  expect(await checkStock(db.app.run, session)).toEqual([]);
  const rows = await db.admin`select reserved_delta, cause_type from stock_movements
    where variant_id = ${variantId} and reserved_delta <> 0 order by id`;
  expect(rows.map((row) => [row['reserved_delta'], row['cause_type']])).toEqual([
    [4, 'order'],
    [-4, 'correction'],
  ]);
});

test('a setting that changes many products at once is carried through by the sweep', async () => {
  const session = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 260 }, () => givenGoods(db, session.companyId)));
  const available = async () =>
    Number(
      (
        await db.admin`select count(*) from product_availability where company_id = ${session.companyId} and is_available`
      )[0]?.['count'],
    );
  await refreshStock(db.app.run, session);
  expect(await available()).toBe(0);
  await within(session, (ctx) => patchSettings(ctx, 'inventory', { backorder: true }));
  await refreshStock(db.app.run, session);
  expect(await available()).toBe(goods.length);
});
