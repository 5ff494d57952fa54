import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { newDiscount } from '../../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../../pricing/discounts/discounts.service.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { somebodyWaits } from '../../testing/lock-waits.ts';
import { markPaid } from './paid.service.ts';

const db = useDatabase();

test('a payment locks discounts before goods, as a checkout does, so that the two never wait in a circle', async () => {
  const shop = await givenCheckoutShop(db);
  const tenth = { title: 'Ten off', method: 'automatic', kind: 'percentage', percentPpm: 100_000, class: 'order' };
  await shop.as(shop.system, (ctx) => createDiscount(ctx, newDiscount.parse(tenth)));
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 1_000 }, variants: [{ onHand: 2 }] });
  const variantId = product.variants[0] as Id<'var'>;
  const { order } = await (await shop.fullCart([{ variantId, quantity: 2 }])).order();
  // Its hold ran out and one of the two was sold: its payment will look for goods and give its discount back.
  await db.admin`update stock_reservations set expires_at = now() - interval '1 minute' where owner_id = ${order.id}`;
  await (await shop.fullCart([{ variantId }])).order();
  const paid = { paidTotal: BigInt(order.totals.total.amount), refundedTotal: 0n };
  const settle = () => shop.as(shop.system, (ctx) => markPaid(ctx, order.id as Id<'ord'>, paid));
  let settling: ReturnType<typeof settle> | undefined;
  await db.admin.begin(async (checkout) => {
    await checkout`select id from discounts where company_id = ${shop.companyId} for no key update`;
    settling = settle();
    await Promise.race([somebodyWaits(db), settling]);
    await checkout`select 1 from stock_levels where company_id = ${shop.companyId} for no key update nowait`;
  });
  const { isLate, order: after } = (await settling) ?? {};
  expect([isLate, after?.lifecycle]).toEqual([true, 'expired']);
});
