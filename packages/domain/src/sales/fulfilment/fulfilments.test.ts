import { expect, test } from 'vitest';
import { newLocation } from '../../catalog/inventory/locations.contract.ts';
import { createLocation } from '../../catalog/inventory/locations.service.ts';
import { readStock, setOnHand } from '../../catalog/inventory/stock.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { givenReservedOrder } from '../../testing/reserved-orders.ts';
import { readOrder } from '../orders/order-rows.service.ts';
import {
  cancelFulfilment,
  deliverFulfilment,
  failFulfilment,
  packFulfilment,
  returnFulfilment,
  sendOutFulfilment,
  shipFulfilment,
} from './fulfilment-progress.service.ts';
import { getFulfilment, listFulfilments } from './fulfilment-rows.service.ts';
import type { NewFulfilment } from './fulfilments.contract.ts';
import { FulfilmentMoveNotAllowed, NothingLeftToSend, NotReadyToSend } from './fulfilments.errors.ts';
import { createFulfilment, updateFulfilment } from './fulfilments.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const send = (session: Session, orderId: Id<'ord'>, input: NewFulfilment = {}) =>
  within(session, (ctx) => createFulfilment(ctx, orderId, input));
const stockOf = async (session: Session, variantId: Id<'var'>) =>
  (await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId) ?? [];
const orderOf = (session: Session, orderId: Id<'ord'>) => within(session, (ctx) => readOrder(ctx, orderId));
const put = (session: Session, variantId: Id<'var'>, quantity: number, locationId?: Id<'loc'>) =>
  within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity, locationId }], { type: 'test' }));
const eventsOf = (id: string) => db.admin`select type, sequence from events where aggregate_id = ${id} order by id`;

async function givenShop(...quantities: number[]) {
  const session = await givenCompany(db);
  const variantIds: Id<'var'>[] = [];
  for (const quantity of quantities) {
    const { variantId } = await givenGoods(db, session.companyId);
    await put(session, variantId, quantity);
    variantIds.push(variantId);
  }
  return { session, variantIds };
}

async function givenSale(onHand: number, quantity: number) {
  const { session, variantIds } = await givenShop(onHand);
  const variantId = variantIds[0] as Id<'var'>; // one quantity was given
  const { orderId, lineIds } = await givenReservedOrder(db, session, [{ variantId, quantity }]);
  return { session, variantId, orderId, orderLineId: lineIds[0] as Id<'oli'> };
}

test('an order goes its way: packed, shipped, out, delivered; stock leaves when it is shipped, and the order is completed', async () => {
  const { session, variantId, orderId } = await givenSale(5, 2);
  const { id, status, lines } = await send(session, orderId, { carrier: 'GIG' });
  expect({ status, quantity: lines[0]?.quantity }).toEqual({ status: 'pending', quantity: 2 });
  await within(session, (ctx) => packFulfilment(ctx, id));
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 5, reserved: 2 }]);
  expect(await orderOf(session, orderId)).toMatchObject({
    fulfilmentStatus: 'none',
    lines: [{ fulfilled: 2, shipped: 0 }],
  });
  await within(session, (ctx) =>
    shipFulfilment(ctx, id, { trackingNumbers: ['RX1'], trackingUrl: 'https://t.example/RX1' }),
  );
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 3, reserved: 0 }]);
  expect(await orderOf(session, orderId)).toMatchObject({ fulfilmentStatus: 'fulfilled', lifecycle: 'open' });
  await within(session, (ctx) => sendOutFulfilment(ctx, id));
  const delivered = await within(session, (ctx) => deliverFulfilment(ctx, id));
  expect(delivered).toMatchObject({ status: 'delivered', carrier: 'GIG', trackingNumbers: ['RX1'], next: ['return'] });
  expect(await orderOf(session, orderId)).toMatchObject({ fulfilmentStatus: 'delivered', lifecycle: 'completed' });
  const words = ['created', 'packed', 'shipped', 'out_for_delivery', 'delivered'];
  expect(await eventsOf(id)).toEqual(words.map((word, at) => ({ type: `fulfilment.${word}`, sequence: at + 1 })));
  expect((await eventsOf(orderId)).at(-1)).toMatchObject({ type: 'order.completed' });
});

test('an order goes in parts, and is fulfilled with the last one', async () => {
  const { session, orderId, orderLineId } = await givenSale(5, 3);
  const first = await send(session, orderId, { lines: [{ orderLineId, quantity: 1 }] });
  await within(session, (ctx) => shipFulfilment(ctx, first.id));
  expect(await orderOf(session, orderId)).toMatchObject({ fulfilmentStatus: 'partial' });
  const rest = await send(session, orderId);
  expect(rest.lines).toMatchObject([{ quantity: 2 }]);
  await within(session, (ctx) => shipFulfilment(ctx, rest.id));
  expect(await orderOf(session, orderId)).toMatchObject({ fulfilmentStatus: 'fulfilled' });
  await expect(send(session, orderId)).rejects.toThrow(NothingLeftToSend);
});

test('of eight who send the whole order at once, one does', async () => {
  const { session, orderId, orderLineId } = await givenSale(20, 2);
  const lines = [{ orderLineId, quantity: 2 }];
  const sent = await Promise.allSettled(Array.from({ length: 8 }, () => send(session, orderId, { lines })));
  expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const one of sent) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(NothingLeftToSend);
});

test('of two who ship one fulfilment at once, one does, and the stock leaves once', async () => {
  const { session, variantId, orderId } = await givenSale(5, 2);
  const { id } = await send(session, orderId);
  const both = await Promise.allSettled([1, 2].map(() => within(session, (ctx) => shipFulfilment(ctx, id))));
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 3, reserved: 0 }]);
});

test('what is called off before it left is to be sent again, and stays promised to the order', async () => {
  const { session, variantId, orderId } = await givenSale(5, 2);
  const { id } = await send(session, orderId);
  await within(session, (ctx) => cancelFulfilment(ctx, id));
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 5, reserved: 2 }]);
  const again = await send(session, orderId);
  expect(again.lines).toMatchObject([{ quantity: 2 }]);
  await expect(within(session, (ctx) => shipFulfilment(ctx, id))).rejects.toThrow(FulfilmentMoveNotAllowed);
});

test('a delivery that failed is to be sent again: from the goods that came back, or from others', async () => {
  const { session, variantId, orderId, orderLineId } = await givenSale(3, 2);
  const first = await send(session, orderId);
  await within(session, (ctx) => shipFulfilment(ctx, first.id));
  await within(session, (ctx) => failFulfilment(ctx, first.id, { reason: 'Nobody was at home', restock: true }));
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 3, reserved: 2 }]);
  expect(await orderOf(session, orderId)).toMatchObject({
    fulfilmentStatus: 'none',
    lines: [{ fulfilled: 0, shipped: 0 }],
  });
  const second = await send(session, orderId);
  await within(session, (ctx) => shipFulfilment(ctx, second.id));
  await within(session, (ctx) => failFulfilment(ctx, second.id, { reason: 'Lost', restock: false }));
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 1, reserved: 0 }]);
  const both = { lines: [{ orderLineId, quantity: 2 }] };
  await expect(send(session, orderId, both)).rejects.toMatchObject({ code: 'insufficient_stock' });
  await put(session, variantId, 2);
  const third = await send(session, orderId);
  await within(session, (ctx) => shipFulfilment(ctx, third.id));
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 0, reserved: 0 }]);
});

test('what comes back is counted as returned, and is on the shelf again only when somebody says so', async () => {
  const { session, variantId, orderId, orderLineId } = await givenSale(5, 2);
  for (const [at, restock] of [false, true].entries()) {
    const { id } = await send(session, orderId, { lines: [{ orderLineId, quantity: 1 }] });
    await within(session, (ctx) => shipFulfilment(ctx, id));
    await within(session, (ctx) => deliverFulfilment(ctx, id));
    await within(session, (ctx) => returnFulfilment(ctx, id, { restock }));
    expect(await orderOf(session, orderId)).toMatchObject({ lines: [{ returned: at + 1, shipped: at + 1 }] });
  }
  expect(await stockOf(session, variantId)).toMatchObject([{ onHand: 4, reserved: 0 }]);
});

test('an order at two places goes in two parts without anybody naming them', async () => {
  const session = await givenCompany(db);
  const at = async (name: string, priority: number) => {
    const location = newLocation.parse({ name, handle: name.toLowerCase(), priority });
    return (await within(session, (ctx) => createLocation(ctx, location))).id;
  };
  const [lagos, abuja] = [await at('Lagos', 1), await at('Abuja', 2)];
  const { variantId } = await givenGoods(db, session.companyId);
  await put(session, variantId, 3, lagos);
  await put(session, variantId, 2, abuja);
  const { orderId } = await givenReservedOrder(db, session, [{ variantId, quantity: 5 }]);
  const sent = [await send(session, orderId), await send(session, orderId)];
  expect(sent.map(({ locationId, lines }) => [locationId, lines[0]?.quantity])).toEqual([
    [lagos, 3],
    [abuja, 2],
  ]);
  for (const { id } of sent) await within(session, (ctx) => shipFulfilment(ctx, id));
  expect((await stockOf(session, variantId)).map(({ onHand, reserved }) => [onHand, reserved])).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test('a bundle leaves as its parts', async () => {
  const { session, variantIds } = await givenShop(10);
  const part = variantIds[0] as Id<'var'>; // one quantity was given
  const { variantId } = await givenGoods(db, session.companyId, { parts: new Map([[part, 3]]) });
  const { orderId } = await givenReservedOrder(db, session, [{ variantId, quantity: 2 }]);
  const { id } = await send(session, orderId);
  await within(session, (ctx) => shipFulfilment(ctx, id));
  expect(await stockOf(session, part)).toMatchObject([{ onHand: 4, reserved: 0 }]);
});

test('what is sold beyond stock is not shipped before it has come', async () => {
  const session = await givenCompany(db);
  await within(session, (ctx) => createLocation(ctx, newLocation.parse({ name: 'Main', handle: 'main' })));
  const { variantId } = await givenGoods(db, session.companyId, { backorder: 'allow' });
  const { orderId } = await givenReservedOrder(db, session, [{ variantId, quantity: 2 }]);
  const { id } = await send(session, orderId);
  await expect(within(session, (ctx) => shipFulfilment(ctx, id))).rejects.toMatchObject({ code: 'stock_below_zero' });
  expect((await within(session, (ctx) => getFulfilment(ctx, id))).status).toBe('pending');
  await put(session, variantId, 2);
  await within(session, (ctx) => shipFulfilment(ctx, id));
});

test('an order that waits for its payment is not sent, nor one that is over', async () => {
  const { session, variantIds } = await givenShop(9);
  const variantId = variantIds[0] as Id<'var'>; // one quantity was given
  for (const lifecycle of ['pending', 'cancelled', 'expired'] as const) {
    const { orderId } = await givenReservedOrder(db, session, [{ variantId, quantity: 1 }], { lifecycle });
    await expect(send(session, orderId)).rejects.toThrow(NotReadyToSend);
  }
});

test('more than is left, a line of another order and a line named by another company are refused', async () => {
  const { session, orderId, orderLineId } = await givenSale(5, 2);
  const more = send(session, orderId, { lines: [{ orderLineId, quantity: 3 }] });
  await expect(more).rejects.toMatchObject({ faults: [{ pointer: '/lines/0/quantity', code: 'more_than_left' }] });
  const other = await givenSale(5, 2);
  await expect(send(session, orderId, { lines: [{ orderLineId: other.orderLineId, quantity: 1 }] })).rejects.toThrow(
    NotFound,
  );
  await expect(send(other.session, orderId)).rejects.toThrow(NotFound);
  const { id } = await send(session, orderId);
  await expect(within(other.session, (ctx) => shipFulfilment(ctx, id))).rejects.toThrow(NotFound);
  await expect(send(session, orderId, { locationId: newId('loc') })).rejects.toThrow(NotFound);
});

test('tracking can be corrected at any time; what is left out stays', async () => {
  const { session, orderId } = await givenSale(5, 1);
  const { id } = await send(session, orderId, { carrier: 'GIG', trackingNumbers: ['A'] });
  const patched = await within(session, (ctx) => updateFulfilment(ctx, id, { trackingNumbers: ['B', 'C'] }));
  expect(patched).toMatchObject({ carrier: 'GIG', trackingNumbers: ['B', 'C'], version: 2 });
  const page = await within(session, (ctx) => listFulfilments(ctx, { limit: 20, status: 'pending', orderId }));
  expect(page.data.map((one) => one.id)).toEqual([id]);
});
