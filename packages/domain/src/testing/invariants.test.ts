import { beforeAll, expect, test } from 'vitest';
import { adjustStock } from '../catalog/inventory/adjustments.service.ts';
import { newDiscount } from '../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../pricing/discounts/discounts.service.ts';
import { addCode } from '../sales/carts/cart-codes.service.ts';
import { settle } from '../sales/payments/settlement.service.ts';
import { givenCheckoutShop } from './checkout-shop.ts';
import { useDatabase } from './database.ts';
import { brokenInvariants } from './invariants.ts';

const db = useDatabase();

/** A paid order, one that waits, and one that is replaced: all of it as it should be. */
beforeAll(async () => {
  const shop = await givenCheckoutShop(db);
  const { variants } = await shop.product({ variants: [{ onHand: 0, prices: { NGN: 2_000 } }] });
  const [variantId] = variants;
  if (!variantId) throw new Error('A product without a variant');
  await shop.as(shop.system, (ctx) => adjustStock(ctx, { variantId, delta: 20, reason: 'Delivery' }));
  const about = {
    title: 'Ten',
    method: 'code',
    kind: 'percentage',
    percentPpm: 100_000,
    usageLimit: 5,
    codes: ['TEN'],
  };
  await shop.as(shop.system, (ctx) => createDiscount(ctx, newDiscount.parse(about)));
  const paid = await shop.fullCart([{ variantId, quantity: 2 }]);
  await shop.as(paid.session, (ctx) => addCode(ctx, paid.at, 'TEN'));
  await paid.online();
  const [start] = shop.provider.started;
  if (!start) throw new Error('Nothing was begun');
  const facts = shop.provider.paid(start);
  await shop.as(shop.system, (ctx) =>
    settle(ctx, { provider: 'paystack', reference: start.reference, facts, source: 'hook' }),
  );
  await (await shop.fullCart([{ variantId, quantity: 3 }])).order();
});

test('a shop that works breaks none', async () => {
  expect(await brokenInvariants(db)).toEqual({});
});

test.each([
  ['I1', `update stock_levels set on_hand = on_hand + 1 where reserved > 0`],
  ['I1', `update stock_levels set reserved = on_hand + 1 where reserved > 0`],
  ['I2', `update stock_levels set reserved = reserved - 1 where reserved > 0`],
  ['I2', `update stock_reservations set status = 'released'`],
  ['I2', `update orders set lifecycle = 'expired' where lifecycle = 'pending'`],
  ['I3', `update orders set paid_total = paid_total - 1 where paid_total > 0`],
  ['I3', `update orders set paid_total = 0 where paid_total > 0`],
  ['I3', `update orders set lifecycle = 'cancelled' where lifecycle = 'open'`],
  ['I3', `update payments set captured = captured * 2, status = 'paid' where captured > 0`],
  ['I4', `update payments set captured = captured - 1 where captured > 0`],
  ['I4', `update payment_attempts set status = 'pending' where status = 'succeeded'`],
  ['I5', `update payments set refunds_total = 1 where captured > 0`],
  ['I8', `update order_counters set last_value = last_value - 1`],
  ['I10', `update carts set status = 'open' where status = 'ordered'`],
  ['I10', `delete from events where type = 'order.placed'`],
  ['I11', `update discounts set used = used + 1`],
  ['I11', `update discount_codes set used = used + 1`],
  ['I12', `update stock_reservations set expires_at = now() - interval '5 minutes' where expires_at is not null`],
  ['I12', `update orders set expires_at = now() - interval '5 minutes' where lifecycle = 'pending'`],
  ['I13', `update idempotency_keys set answer = null, leased_until = null`],
  ['I13', `update payment_attempts set next_check_at = now() - interval '5 minutes'`],
])('%s sees: %s', async (name, corruption) => {
  let broken: string[] = [];
  const undone = new Error('undone');
  await db.admin
    .begin(async (admin) => {
      await admin.unsafe(corruption);
      // A transaction is asked as a connection is.
      broken = Object.keys(await brokenInvariants({ admin: admin as unknown as typeof db.admin }));
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  expect(broken.map((one) => one.split(' ')[0])).toContain(name);
});
