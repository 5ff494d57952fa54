import { expect, test } from 'vitest';
import { newLocation } from '../../catalog/inventory/locations.contract.ts';
import { createLocation } from '../../catalog/inventory/locations.service.ts';
import { readStock, setOnHand } from '../../catalog/inventory/stock.service.ts';
import { updateStockLevel } from '../../catalog/inventory/stock-levels.service.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { givenReservedOrder, type OrderedLine } from '../../testing/reserved-orders.ts';
import { cancelLines } from '../orders/cancellation.service.ts';
import { readOrder } from '../orders/order-rows.service.ts';
import { deliverFulfilment, failFulfilment, returnFulfilment, shipFulfilment } from './fulfilment-progress.service.ts';
import type { NewFulfilment } from './fulfilments.contract.ts';
import { NothingLeftToSend, NotReadyToSend } from './fulfilments.errors.ts';
import { createFulfilment } from './fulfilments.service.ts';

const db = useDatabase();

async function givenPlaces(...names: string[]) {
  const session = await givenCompany(db);
  const within = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
  const places: Id<'loc'>[] = [];
  for (const [at, name] of names.entries()) {
    const location = newLocation.parse({ name, handle: name.toLowerCase(), priority: at });
    places.push((await within((ctx) => createLocation(ctx, location))).id);
  }
  const put = (variantId: Id<'var'>, quantity: number, locationId = places[0]) =>
    within((ctx) => setOnHand(ctx, [{ variantId, quantity, locationId }], { type: 'test' }));
  return {
    ...{ session, within, places, put },
    goods: async (quantity: number, locationId = places[0]) => {
      const { variantId } = await givenGoods(db, session.companyId);
      await put(variantId, quantity, locationId);
      return variantId;
    },
    bundle: async (...parts: [Id<'var'>, number][]) =>
      (await givenGoods(db, session.companyId, { parts: new Map(parts) })).variantId,
    stock: async (variantId: Id<'var'>) =>
      ((await within((ctx) => readStock(ctx, [variantId]))).get(variantId) ?? []).map(({ onHand, reserved }) => [
        onHand,
        reserved,
      ]),
    order: (lines: OrderedLine[]) => givenReservedOrder(db, session, lines),
    read: (orderId: Id<'ord'>) => within((ctx) => readOrder(ctx, orderId)),
    held: async () => heldIn(session),
    send: (orderId: Id<'ord'>, input: NewFulfilment = {}) => within((ctx) => createFulfilment(ctx, orderId, input)),
    ship: (id: Id<'ful'>) => within((ctx) => shipFulfilment(ctx, id)),
    deliver: (id: Id<'ful'>) => within((ctx) => deliverFulfilment(ctx, id)),
    fail: (id: Id<'ful'>, restock = false) => within((ctx) => failFulfilment(ctx, id, { restock })),
    return: (id: Id<'ful'>, restock = false) => within((ctx) => returnFulfilment(ctx, id, { restock })),
  };
}

const heldIn = async ({ companyId }: Session) =>
  Number(
    (
      await db.admin`select coalesce(sum(quantity), 0) as units from stock_reservations
        where company_id = ${companyId} and status = 'held'`
    )[0]?.['units'],
  );

test('a bundle whose pieces lie at two places is reserved once, leaves from one of them, and nothing stays held', async () => {
  const shop = await givenPlaces('Lagos', 'Abuja');
  const [lagos, abuja] = shop.places as [Id<'loc'>, Id<'loc'>];
  const part = await shop.goods(4, lagos);
  await shop.put(part, 2, abuja);
  const bundle = await shop.bundle([part, 3]);
  const { orderId } = await shop.order([{ variantId: bundle, quantity: 2 }]);
  const first = await shop.send(orderId);
  expect([first.locationId, first.lines[0]?.quantity]).toEqual([lagos, 1]);
  const second = await shop.send(orderId);
  expect([second.locationId, second.lines[0]?.quantity]).toEqual([abuja, 1]);
  expect(await shop.held()).toBe(6);
  await shop.ship(first.id);
  await expect(shop.ship(second.id)).rejects.toMatchObject({ code: 'stock_below_zero' });
  await shop.put(part, 0, lagos);
  await shop.put(part, 3, abuja);
  await shop.ship(second.id);
  for (const { id } of [first, second]) await shop.deliver(id);
  expect(await shop.read(orderId)).toMatchObject({ lifecycle: 'completed' });
  expect([await shop.held(), await shop.stock(part)]).toEqual([
    0,
    [
      [0, 0],
      [0, 0],
    ],
  ]);
});

test('a bundle whose parts lie at different places counts once, is left for the last, and its history says what to do', async () => {
  const shop = await givenPlaces('Lagos', 'Abuja');
  const [lagos, abuja] = shop.places as [Id<'loc'>, Id<'loc'>];
  const [cup, pot, plate] = [await shop.goods(2, lagos), await shop.goods(2, abuja), await shop.goods(1, lagos)];
  const bundle = await shop.bundle([cup, 1], [pot, 1]);
  const { orderId } = await shop.order([
    { variantId: bundle, quantity: 2 },
    { variantId: plate, quantity: 1 },
  ]);
  expect((await shop.send(orderId)).lines).toMatchObject([{ variantId: plate, quantity: 1 }]);
  const rest = await shop.send(orderId);
  expect(rest.lines).toMatchObject([{ variantId: bundle, quantity: 2 }]);
  const notes = await db.admin`select message from order_timeline where order_id = ${orderId} order by id`;
  expect(notes.map((row) => row['message'])).toEqual([null, expect.stringContaining('bring it to this one')]);
  await expect(shop.ship(rest.id)).rejects.toThrow('lie at other locations: send them there');
  await expect(shop.send(orderId)).rejects.toThrow(NothingLeftToSend);
  expect(await shop.held()).toBe(5);
});

test('what cannot be had any more does not keep the rest back; named, it is refused, and its line is told', async () => {
  const shop = await givenPlaces('Lagos');
  const [lost, other] = [await shop.goods(1), await shop.goods(1)];
  const { orderId, lineIds } = await shop.order([
    { variantId: lost, quantity: 1 },
    { variantId: other, quantity: 1 },
  ]);
  const [lostLine, otherLine] = lineIds as [Id<'oli'>, Id<'oli'>];
  const first = await shop.send(orderId, { lines: [{ orderLineId: lostLine, quantity: 1 }] });
  await shop.ship(first.id);
  await shop.fail(first.id);
  const both = [otherLine, lostLine].map((orderLineId) => ({ orderLineId, quantity: 1 }));
  await expect(shop.send(orderId, { lines: both })).rejects.toMatchObject({
    code: 'insufficient_stock',
    faults: [{ pointer: '/lines/1/quantity' }],
  });
  expect((await shop.send(orderId)).lines).toMatchObject([{ orderLineId: otherLine }]);
  await expect(shop.send(orderId)).rejects.toMatchObject({ code: 'insufficient_stock' });
});

test('of a line of which some can be had again those are sent, and the others later', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(3);
  const { orderId } = await shop.order([{ variantId, quantity: 3 }]);
  const first = await shop.send(orderId);
  await shop.ship(first.id);
  await shop.fail(first.id);
  await shop.put(variantId, 2);
  expect((await shop.send(orderId)).lines).toMatchObject([{ quantity: 2 }]);
  await shop.put(variantId, 3);
  expect((await shop.send(orderId)).lines).toMatchObject([{ quantity: 1 }]);
});

test('what was sold is sent though it was taken out of the catalogue since, or is counted only now, or not any more', async () => {
  const shop = await givenPlaces('Lagos');
  const [archived, dropped] = [await shop.goods(2), await shop.goods(1)];
  const { variantId: later } = await givenGoods(db, shop.session.companyId, { tracksStock: false });
  const { orderId } = await shop.order([archived, dropped, later].map((variantId) => ({ variantId, quantity: 1 })));
  const first = await shop.send(orderId);
  await shop.ship(first.id);
  await shop.fail(first.id);
  await db.admin`update product_variants set archived_at = now(), sku_key = null where id = ${archived}`;
  await db.admin`update product_variants set tracks_stock = id = ${later} where id in (${later}, ${dropped})`;
  await shop.put(archived, 1);
  const again = await shop.send(orderId);
  expect(again.lines).toHaveLength(3);
  await shop.ship(again.id);
  await shop.deliver(again.id);
  expect(await shop.read(orderId)).toMatchObject({ lifecycle: 'completed' });
  expect([await shop.held(), await shop.stock(archived)]).toEqual([0, [[0, 0]]]);
});

test('goods that came back are shelved and promised again, even of a variant that nobody else could buy', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(2);
  const { orderId } = await shop.order([{ variantId, quantity: 2 }]);
  const first = await shop.send(orderId);
  await shop.ship(first.id);
  await shop.within((ctx) => updateStockLevel(ctx, variantId, { safetyStock: 5 }));
  await db.admin`update product_variants set archived_at = now(), sku_key = null where id = ${variantId}`;
  await shop.fail(first.id, true);
  expect(await shop.stock(variantId)).toEqual([[2, 2]]);
  const second = await shop.send(orderId);
  await shop.ship(second.id);
  expect([await shop.stock(variantId), await shop.held()]).toEqual([[[0, 0]], 0]);
  const [drift] = await db.admin`select sum(on_hand_delta)::int as on_hand, sum(reserved_delta)::int as reserved
    from stock_movements where variant_id = ${variantId}`;
  expect(drift).toEqual({ on_hand: 0, reserved: 0 });
});

test('what comes back are the pieces that left, whatever the bundle is made of now, and they leave as such again', async () => {
  const shop = await givenPlaces('Lagos');
  const [cup, pot] = [await shop.goods(6), await shop.goods(4)];
  const bundle = await shop.bundle([cup, 2]);
  const { orderId } = await shop.order([{ variantId: bundle, quantity: 3 }]);
  const first = await shop.send(orderId);
  await shop.ship(first.id);
  const recipe = (pieces: number, part: Id<'var'>) => db.admin`update bundle_components
    set quantity = ${pieces}, component_variant_id = ${part} where bundle_variant_id = ${bundle}`;
  await recipe(1, pot);
  await shop.fail(first.id, true);
  expect([await shop.stock(cup), await shop.stock(pot)]).toEqual([[[6, 6]], [[4, 0]]]);
  const lines = [{ orderLineId: first.lines[0]?.orderLineId as Id<'oli'>, quantity: 1 }];
  const lost = await shop.send(orderId, { lines });
  await shop.ship(lost.id);
  await shop.fail(lost.id);
  const rest = await shop.send(orderId); // two as they were, one as it is now
  expect(rest.lines).toMatchObject([{ quantity: 3 }]);
  expect(await shop.held()).toBe(5);
  await shop.ship(rest.id);
  expect([await shop.stock(cup), await shop.stock(pot)]).toEqual([[[0, 0]], [[3, 0]]]);
  await db.admin`update product_variants set tracks_stock = false where id in (${cup}, ${pot})`;
  await shop.return(rest.id, true);
  expect([await shop.stock(cup), await shop.stock(pot)]).toEqual([[[4, 0]], [[4, 0]]]);
});

test('an order that was refunded is not sent, and refunded units are sent only when they are named', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(5);
  const { orderId, lineIds } = await shop.order([{ variantId, quantity: 3 }]);
  await db.admin`update order_lines set refunded = 1 where order_id = ${orderId}`;
  expect((await shop.send(orderId)).lines).toMatchObject([{ quantity: 2 }]);
  await expect(shop.send(orderId)).rejects.toThrow('was refunded');
  const named = [{ orderLineId: lineIds[0] as Id<'oli'>, quantity: 1 }];
  expect((await shop.send(orderId, { lines: named })).lines).toMatchObject([{ quantity: 1 }]);
  const whole = await shop.order([{ variantId, quantity: 1 }]);
  await db.admin`update orders set refunded_total = paid_total, payment_status = 'refunded' where id = ${whole.orderId}`;
  await expect(shop.send(whole.orderId)).rejects.toThrow(NotReadyToSend);
});

test('without lines only what is promised at the place leaves from there', async () => {
  const shop = await givenPlaces('Lagos', 'Abuja', 'Kano');
  const [lagos, abuja, kano] = shop.places as [Id<'loc'>, Id<'loc'>, Id<'loc'>];
  const variantId = await shop.goods(3, lagos);
  await shop.put(variantId, 2, abuja);
  const { orderId } = await shop.order([{ variantId, quantity: 5 }]);
  expect((await shop.send(orderId, { locationId: abuja })).lines).toMatchObject([{ quantity: 2 }]);
  await expect(shop.send(orderId, { locationId: kano })).rejects.toThrow('promised at this location');
  expect((await shop.send(orderId, { locationId: lagos })).lines).toMatchObject([{ quantity: 3 }]);
});

test('an order whose last parcel came back before it was delivered is completed', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(2);
  const { orderId, lineIds } = await shop.order([{ variantId, quantity: 2 }]);
  const orderLineId = lineIds[0] as Id<'oli'>;
  const sent = [];
  for (let n = 0; n < 2; n++) sent.push(await shop.send(orderId, { lines: [{ orderLineId, quantity: 1 }] }));
  for (const { id } of sent) await shop.ship(id);
  const [first, second] = sent.map(({ id }) => id) as [Id<'ful'>, Id<'ful'>];
  await shop.deliver(first);
  await shop.return(first);
  expect(await shop.read(orderId)).toMatchObject({ fulfilmentStatus: 'fulfilled', lifecycle: 'open' });
  await shop.return(second);
  expect(await shop.read(orderId)).toMatchObject({
    fulfilmentStatus: 'delivered',
    returnStatus: 'returned',
    lifecycle: 'completed',
  });
});

test('units that got lost are called off without taking others from the shelf, nor what stands in a fulfilment', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(5);
  const { orderId, lineIds } = await shop.order([{ variantId, quantity: 3 }]);
  const orderLineId = lineIds[0] as Id<'oli'>;
  const one = { lines: [{ orderLineId, quantity: 1 }] };
  const lost = await shop.send(orderId, one);
  await shop.ship(lost.id);
  await shop.fail(lost.id);
  const standing = await shop.send(orderId, one);
  const cancel = () => shop.within((ctx) => cancelLines(ctx, orderId, { ...one, restock: false, reason: 'lost' }));
  await cancel();
  expect(await shop.stock(variantId)).toEqual([[4, 2]]);
  await cancel();
  expect(await shop.stock(variantId)).toEqual([[3, 1]]);
  await shop.ship(standing.id);
  expect(await shop.stock(variantId)).toEqual([[2, 0]]);
});

test('a lost order is called off whole, and nothing stays held', async () => {
  const shop = await givenPlaces('Lagos');
  const variantId = await shop.goods(2);
  const { orderId } = await shop.order([{ variantId, quantity: 2 }]);
  const lost = await shop.send(orderId);
  await shop.ship(lost.id);
  await shop.fail(lost.id);
  await shop.within((ctx) => cancelLines(ctx, orderId, { restock: false, reason: 'lost' }));
  expect(await shop.read(orderId)).toMatchObject({ lifecycle: 'cancelled' });
  expect([await shop.held(), await shop.stock(variantId)]).toEqual([0, [[0, 0]]]);
});
