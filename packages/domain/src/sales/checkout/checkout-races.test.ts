import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { givenCheckoutGoods } from '../../testing/checkout-goods.ts';
import { useDatabase } from '../../testing/database.ts';
import { gate, somebodyWaits } from '../../testing/lock-waits.ts';
import { warmUp } from '../../testing/people.ts';
import { markPaid } from '../orders/paid.service.ts';

const db = useDatabase();
const given = (onHand?: number) => givenCheckoutGoods(db, onHand);

test('whoever is beaten to the goods by a moment is told what is left, and no number is lost', async () => {
  const { shop, variantId, ordersOf, stock } = await given(100);
  await warmUp(db);
  const [slow, quick] = [await shop.fullCart([{ variantId, quantity: 50 }]), await shop.fullCart([{ variantId }])];
  const first = await quick.order();
  // Sixty of those that are left are taken, and the checkout, which saw 99, waits for their level.
  const [held, taken] = [gate(), gate()];
  const holding = db.admin.begin(async (tx) => {
    await tx`update stock_levels set reserved = reserved + 60
      where company_id = ${shop.companyId} and variant_id = ${variantId}`;
    held.open();
    await taken.passed;
  });
  await held.passed;
  const refused = expect(slow.order()).rejects.toMatchObject({
    code: 'insufficient_stock',
    faults: [{ code: 'insufficient_stock', message: 'Adire scarf: 39 are left, not 50. Lower its quantity.' }],
  });
  await somebodyWaits(db);
  taken.open();
  await Promise.all([holding, refused]);
  expect(await stock()).toEqual({ onHand: 100, reserved: 61 });
  const next = await (await shop.fullCart([{ variantId }])).order();
  expect(Number(next.order.number)).toBe(Number(first.order.number) + 1);
  expect(await ordersOf()).toHaveLength(2);
});

test('whoever takes the last of something holds up nobody who orders something else', async () => {
  const { shop, variantId } = await given(1);
  const other = await shop.product({ variants: [{ onHand: 100 }] });
  await warmUp(db);
  const last = await shop.fullCart([{ variantId }]);
  const unrelated = await shop.fullCart([{ variantId: other.variants[0] as Id<'var'> }]);
  // An import, say, is about to tell what can be had of the product.
  const [held, told] = [gate(), gate()];
  const holding = db.admin.begin(async (tx) => {
    await tx`update product_availability set is_available = true where company_id = ${shop.companyId} and product_id =
      (select product_id from product_variants where id = ${variantId})`;
    held.open();
    await told.passed;
  });
  await held.passed;
  const waiting = last.order();
  await somebodyWaits(db);
  expect((await unrelated.order()).order.number).toBe('1001');
  told.open();
  await holding;
  expect((await waiting).order.number).toBe('1002');
});

test('of two checkouts at once, with one key or two, there is one order', async () => {
  const { shop, variantId, ordersOf, stock } = await given();
  await warmUp(db);
  for (const keys of [
    ['same', 'same'],
    ['one', 'two'],
  ]) {
    const cart = await shop.fullCart([{ variantId }]);
    const expectedTotal = await cart.total();
    const before = (await ordersOf()).length;
    const outcomes = await Promise.allSettled(keys.map((key) => cart.order({ expectedTotal }, `${cart.id}-${key}`)));
    const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value.order.id : []));
    expect(new Set(ids).size).toBe(1);
    expect((await ordersOf()).length).toBe(before + 1);
  }
  expect(await stock()).toEqual({ onHand: 10, reserved: 2 });
});

test('40 buyers of 10: ten orders, thirty clear refusals, and the counters are right', async () => {
  const { shop, variantId, ordersOf, stock } = await given(10);
  const carts = [];
  for (let n = 0; n < 40; n++) carts.push(await shop.fullCart([{ variantId }]));
  const expectedTotal = await carts[0]?.total();
  await warmUp(db);
  const outcomes = await Promise.allSettled(carts.map((cart) => cart.order({ expectedTotal })));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused.map(({ code, status }) => `${status} ${code}`)).toEqual(Array(30).fill('409 insufficient_stock'));
  const placed = await ordersOf();
  expect(placed).toHaveLength(10);
  expect(new Set(placed.map(({ number }) => number)).size).toBe(10);
  expect(await stock()).toEqual({ onHand: 10, reserved: 10 });
}, 60_000);
test('a payment that arrives while the shopper checks out again ends in one paid order, however the two meet', async () => {
  const { shop, variantId, ordersOf, stock } = await given(100);
  await warmUp(db);
  for (let n = 0; n < 12; n++) {
    const cart = await shop.fullCart([{ variantId }]);
    const { order } = await cart.online();
    const expectedTotal = order.totals.total;
    const id = order.id as Id<'ord'>;
    const pay = shop.as(shop.system, async (ctx) => {
      // As a settlement does: payment, then order.
      await ctx.tx.execute(
        sql`select id from payments where company_id = ${shop.companyId} and order_id = ${id} for update`,
      );
      return markPaid(ctx, id, { paidTotal: BigInt(expectedTotal.amount), refundedTotal: 0n });
    });
    const [again, paid] = await Promise.allSettled([
      n % 2 ? cart.online({ expectedTotal }) : cart.order({ expectedTotal }),
      pay,
    ]);
    expect(paid).toMatchObject({ status: 'fulfilled', value: { isLate: false } });
    if (again.status === 'fulfilled') expect(again.value.order.id).toBe(id);
    // Between the two units of work of the second checkout the payment may be over.
    else expect(again.reason).toMatchObject({ status: 409 });
    const last = await cart.order({ expectedTotal });
    expect(last.order).toMatchObject({ id, lifecycle: 'open', paymentStatus: 'paid' });
    expect((await cart.scene()).cart.status).toBe('ordered');
  }
  expect(await ordersOf()).toHaveLength(12);
  expect(await stock()).toEqual({ onHand: 100, reserved: 12 });
}, 60_000);

/** A code that takes so much off the order, beside others of the kind. */
