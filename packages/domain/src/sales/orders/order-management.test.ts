import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { listOrders, showOrder, updateOrder } from './order-management.service.ts';
import { orderPatch, ordersQuery } from './orders.contract.ts';
import { flagOrder } from './paid.service.ts';

const db = useDatabase();

test('whoever has looked at an order says so: it leaves the list, and its history tells who it was', async () => {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 1_000 }, variants: [{ onHand: 10 }] });
  const { order } = await (await shop.fullCart([{ variantId: product.variants[0] as Id<'var'> }])).order();
  const id = order.id as Id<'ord'>;
  const staff = { ...shop.system, actor: { type: 'staff', id: newId('stf') } as const };
  const patch = (wish: object) => shop.as(staff, (ctx) => updateOrder(ctx, id, orderPatch.parse(wish)));
  await shop.as(shop.system, (ctx) => flagOrder(ctx, id, 'Money came twice.'));
  expect(() => orderPatch.parse({ needsReview: true })).toThrow();
  const after = await patch({ needsReview: false });
  expect(after.needsReview).toBe(false);
  expect(after.timeline.data[0]).toMatchObject({ kind: 'reviewed', actor: staff.actor });
  expect(after.timeline.data[1]).toMatchObject({ kind: 'needs_review' });
  const listed = await shop.as(staff, (ctx) => listOrders(ctx, ordersQuery.parse({ needsReview: 'true' })));
  expect(listed.data).toEqual([]);
  // Again, it says nothing new.
  expect((await patch({ needsReview: false })).version).toBe(after.version);
  await patch({ needsReview: false, note: 'Called her' });
  const { timeline } = await shop.as(staff, (ctx) => showOrder(ctx, id));
  expect(timeline.data.map(({ kind }) => kind)).toEqual(['updated', 'reviewed', 'needs_review', 'placed']);
});
