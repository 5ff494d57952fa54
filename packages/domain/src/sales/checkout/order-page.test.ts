import { expect, test } from 'vitest';
import { dispatchEvents } from '../../kernel/dispatch.ts';
import type { Id } from '../../kernel/ids.ts';
import { announce, takeDue } from '../../reach/notifications/notifications.service.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { countingRun } from '../../testing/statement-count.ts';
import { cancelFulfilment, shipFulfilment } from '../fulfilment/fulfilment-progress.service.ts';
import { createFulfilment } from '../fulfilment/fulfilments.service.ts';
import { markPaid } from '../orders/paid.service.ts';
import { orderWorkView, shopperOrderPage } from './order-page.contract.ts';
import { listOrderPagesOf, showLinkedOrderPage, showOrderPage, showOrderWork } from './order-page.service.ts';

const db = useDatabase();

async function given() {
  const shop = await givenCheckoutShop(db);
  await shop.set('payment', { manualInstructions: 'Pay into 0123.' });
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 2_500 }, variants: [{ onHand: 10 }] });
  const [variantId] = product.variants;
  if (!variantId) throw new Error('There is no variant');
  const fullCart = () => shop.fullCart([{ variantId, quantity: 2 }]);
  const mine = { tokenHash: null, customerId: await shop.customer() };
  const own = (orderId: string) => db.admin`update orders set customer_id = ${mine.customerId} where id = ${orderId}`;
  const page = (orderId: string) => shop.as(shop.system, (ctx) => showOrderPage(ctx, orderId as Id<'ord'>, mine));
  const pay = (orderId: string, paidTotal: bigint) =>
    shop.as(shop.system, (ctx) => markPaid(ctx, orderId as Id<'ord'>, { paidTotal, refundedTotal: 0n }));
  return { shop, fullCart, mine, own, page, pay };
}

test('the shopper of an order that waits sees how it is paid: a transfer by its words, a page by its cart', async () => {
  const { fullCart, own, page, pay } = await given();
  const cart = await fullCart();
  const { order } = await cart.online();
  await own(order.id);
  const waiting = await page(order.id);
  expect(shopperOrderPage.parse(waiting)).toEqual(waiting);
  expect(waiting).toMatchObject({
    supersededById: null,
    fulfilments: [],
    payment: {
      provider: 'paystack',
      status: 'pending',
      instructions: null,
      again: { cartId: cart.id, expectedTotal: order.totals.total, message: expect.stringContaining('same cart') },
    },
  });
  await cart.order();
  expect((await page(order.id)).payment).toMatchObject({
    provider: 'manual',
    instructions: 'Pay into 0123.',
    again: null,
  });
  await pay(order.id, BigInt(order.totals.total.amount));
  expect((await page(order.id)).payment).toMatchObject({ instructions: null, again: null });
});

test('a shopper sees each parcel with its way, staff their ids; what was called off is for staff alone', async () => {
  const { shop, fullCart, own, page, pay } = await given();
  const { order } = await (await fullCart()).order();
  const orderId = order.id as Id<'ord'>;
  await own(orderId);
  await pay(orderId, BigInt(order.totals.total.amount));
  const send = () => shop.as(shop.system, (ctx) => createFulfilment(ctx, orderId, {}));
  const gone = await send();
  await shop.as(shop.system, (ctx) => cancelFulfilment(ctx, gone.id));
  const sent = await send();
  const tracking = { carrier: 'GIG', trackingNumbers: ['RX1'], trackingUrl: 'https://t.example/RX1' };
  await shop.as(shop.system, (ctx) => shipFulfilment(ctx, sent.id, tracking));
  const { fulfilments } = await page(orderId);
  expect(fulfilments).toEqual([
    {
      ...{ status: 'shipped', ...tracking, deliveredAt: null, shippedAt: expect.any(String) },
      lines: [{ orderLineId: order.lines[0]?.id, title: 'Adire scarf', variantTitle: null, quantity: 2 }],
    },
  ]);
  const work = await shop.as(shop.system, (ctx) => showOrderWork(ctx, orderId));
  expect(orderWorkView.parse(work)).toEqual(work);
  expect(work).toMatchObject({
    payment: { provider: 'manual', captured: { amount: 0 }, refundable: { amount: 0 } },
    fulfilments: [
      { id: gone.id, status: 'cancelled' },
      { id: sent.id, status: 'shipped', ...tracking },
    ],
  });
});

test('a list of own orders has all of it in as many statements as one order', async () => {
  const { shop, fullCart, mine, own } = await given();
  const { run, counted } = countingRun(db.app.run);
  const list = () => run(shop.system, (ctx) => listOrderPagesOf(ctx, mine.customerId, { limit: 10 }));
  const ids: string[] = [];
  const statements: number[] = [];
  for (let n = 0; n < 3; n++) {
    const { order } = await (await fullCart()).order();
    await own(order.id);
    ids.unshift(order.id);
    counted.statements = 0;
    const { data } = await list();
    statements.push(counted.statements);
    expect(data.map(({ id, payment }) => [id, payment?.instructions])).toEqual(ids.map((id) => [id, 'Pay into 0123.']));
  }
  expect(new Set(statements).size).toBe(1);
});

test('a mail about an order opens it by a token of its own, and a mail to the shop has none', async () => {
  const { shop, fullCart } = await given();
  await shop.set('notification', { orderMailsTo: ['shop@example.com'] });
  const { order } = await (await fullCart()).order();
  await shop.as(shop.system, (ctx) =>
    dispatchEvents(ctx, async (inner, waiting) => void (await announce(inner, waiting)), { max: 100 }),
  );
  const taken = await shop.as(shop.system, (ctx) => takeDue(ctx, 10));
  const links = await db.admin`select order_id, expires_at > now() + interval '29 days' as "isLong" from order_links
    where company_id = ${shop.companyId}`;
  expect(links).toEqual([{ order_id: order.id, isLong: true }]);
  const letters = taken.map((one) => one.open()).filter(({ template }) => template.startsWith('order-'));
  const tokens = letters.map(({ recipient, parameters }) => [
    recipient,
    'token' in parameters ? parameters.token : undefined,
  ]);
  const token = tokens.find(([recipient]) => recipient === order.email)?.[1] ?? '';
  expect(tokens.find(([recipient]) => recipient === 'shop@example.com')?.[1]).toBeUndefined();
  expect((await shop.as(shop.system, (ctx) => showLinkedOrderPage(ctx, token))).id).toBe(order.id);
});
