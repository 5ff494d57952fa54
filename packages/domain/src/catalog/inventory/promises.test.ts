import { expect, test } from 'vitest';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { adjustStock } from './adjustments.service.ts';
import { InsufficientStock, NotReserved } from './inventory.errors.ts';
import { newLocation } from './locations.contract.ts';
import { createLocation, updateLocation } from './locations.service.ts';
import { consume, extend, release } from './reservation-ends.service.ts';
import { reserve } from './reservations.service.ts';
import { restock } from './returned-goods.service.ts';
import { readStock, setOnHand } from './stock.service.ts';
import { updateStockLevel } from './stock-levels.service.ts';

const db = useDatabase();
const cause = { type: 'test' };
const owner = { type: 'order', id: 'o' };
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const count = (session: Session, variantId: Id<'var'>, quantity: number, locationId?: Id<'loc'>) =>
  within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity, locationId }], cause));
const take = (session: Session, variantId: Id<'var'>, quantity: number, by = owner) =>
  within(session, (ctx) => {
    return reserve(ctx, { owner: by, lines: [{ variantId, quantity }], expiresAt: after(new Date(), 600) });
  });
const levelsOf = async (session: Session, variantId: Id<'var'>) =>
  (await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId) ?? [];
const lapse = ({ companyId }: Session) =>
  db.admin`update stock_reservations set expires_at = now() - interval '1 second' where company_id = ${companyId}`;
const canBeHad = async (productId: Id<'prod'>) =>
  (await db.admin`select is_available from product_availability where product_id = ${productId}`)[0]?.['is_available'];

async function givenSet() {
  const session = await givenCompany(db);
  const { variantId: cup } = await givenGoods(db, session.companyId);
  const { variantId: leaflet } = await givenGoods(db, session.companyId, { tracksStock: false });
  const parts = new Map([
    [cup, 4],
    [leaflet, 1],
  ]);
  const { variantId: set } = await givenGoods(db, session.companyId, { parts });
  return { session, cup, leaflet, set };
}

test('a bundle that comes back is its parts again, and what nobody counts is not counted then', async () => {
  const { session, cup, leaflet, set } = await givenSet();
  await within(session, (ctx) => restock(ctx, [{ variantId: set, quantity: 2 }], cause));
  expect(await levelsOf(session, cup)).toMatchObject([{ onHand: 8 }]);
  expect([await levelsOf(session, set), await levelsOf(session, leaflet)]).toEqual([[], []]);
});

test('what comes back must be some of ours, at a place of ours', async () => {
  const { session, cup } = await givenSet();
  const back = (variantId: Id<'var'>, quantity: number, locationId?: Id<'loc'>) =>
    within(session, (ctx) => restock(ctx, [{ variantId, quantity, locationId }], cause));
  for (const quantity of [0, -1, 0.5]) await expect(back(cup, quantity)).rejects.toThrow(InvalidInput);
  await expect(back(newId('var'), 1)).rejects.toThrow(NotFound);
  await expect(back(cup, 1, newId('loc'))).rejects.toThrow(NotFound);
  expect(await levelsOf(session, cup)).toEqual([]);
});

test('an order is sent and given back by what was reserved for it, whatever the recipe is now', async () => {
  const { session, cup, set } = await givenSet();
  await count(session, cup, 20);
  await take(session, set, 3);
  await db.admin`update bundle_components set quantity = 5 where component_variant_id = ${cup}`;
  await db.admin`update product_variants set tracks_stock = false where id = ${cup}`;
  const lines = [{ variantId: set, quantity: 1 }];
  expect(await within(session, (ctx) => consume(ctx, owner, lines))).toBe(4);
  expect(await levelsOf(session, cup)).toMatchObject([{ onHand: 16, reserved: 8 }]);
  expect(await within(session, (ctx) => release(ctx, owner, lines))).toBe(4);
  expect(await levelsOf(session, cup)).toMatchObject([{ onHand: 16, reserved: 4 }]);
  const more = () => within(session, (ctx) => consume(ctx, owner, [{ variantId: set, quantity: 2 }]));
  await db.admin`update product_variants set tracks_stock = true where id = ${cup}`;
  await expect(more()).rejects.toThrow(NotReserved);
  await db.admin`update product_variants set tracks_stock = false where id = ${cup}`;
  expect(await more()).toBe(4); // of what is not counted any more, as much as is held
});

test('two bundles that share a part, and the part itself, are sent each by itself', async () => {
  const { session, cup, set } = await givenSet();
  const { variantId: pair } = await givenGoods(db, session.companyId, { parts: new Map([[cup, 2]]) });
  await count(session, cup, 20);
  const lines = [set, pair, cup].map((variantId) => ({ variantId, quantity: 2 }));
  await within(session, (ctx) => reserve(ctx, { owner, lines, expiresAt: null }));
  const send = (variantId: Id<'var'>) => within(session, (ctx) => consume(ctx, owner, [{ variantId, quantity: 1 }]));
  expect([await send(cup), await send(pair), await send(set)]).toEqual([1, 2, 4]);
  expect(await levelsOf(session, cup)).toMatchObject([{ onHand: 13, reserved: 7 }]);
  await send(cup);
  await expect(send(cup)).rejects.toThrow(NotReserved);
});

test('what was not counted when it was ordered is sent without a hold; what is not here is not', async () => {
  const { session, leaflet } = await givenSet();
  await take(session, leaflet, 2);
  await db.admin`update product_variants set tracks_stock = true where id = ${leaflet}`;
  const send = (variantId: Id<'var'>) => within(session, (ctx) => consume(ctx, owner, [{ variantId, quantity: 1 }]));
  expect(await send(leaflet)).toBe(0);
  await expect(send(newId('var'))).rejects.toThrow(NotFound);
});

test('goods that lie elsewhere are sent there first: the refusal says so', async () => {
  const { session, cup } = await givenSet();
  const place = (handle: string, priority: number) =>
    within(session, (ctx) => createLocation(ctx, { name: handle, handle, address: null, priority, isActive: true }));
  const [a, b] = [await place('a', 0), await place('b', 1)];
  await count(session, cup, 3, a.id);
  await take(session, cup, 3);
  await count(session, cup, 1, a.id);
  await count(session, cup, 9, b.id);
  await expect(within(session, (ctx) => consume(ctx, owner))).rejects.toThrow(
    '9 lie at other locations: send them there',
  );
});

test('what is kept back is not promised', async () => {
  const { session, cup } = await givenSet();
  await count(session, cup, 5);
  await within(session, (ctx) => updateStockLevel(ctx, cup, { safetyStock: 2 }));
  await expect(take(session, cup, 4)).rejects.toThrow(InsufficientStock);
  expect(await take(session, cup, 3)).toMatchObject([{ quantity: 3 }]);
});

test('nothing new is promised from a place that is off', async () => {
  const { session, cup } = await givenSet();
  const place = (handle: string) =>
    within(session, (ctx) => createLocation(ctx, { name: handle, handle, address: null, priority: 0, isActive: true }));
  const [a] = [await place('a'), await place('b')];
  await count(session, cup, 5, a.id);
  await take(session, cup, 1);
  await within(session, (ctx) => updateLocation(ctx, a.id, { isActive: false }));
  await expect(take(session, cup, 1)).rejects.toThrow(InsufficientStock);
});

test('what is emptied while a hold that ran out still stands in the counters can no longer be had', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  const set = (setTo: number) => within(session, (ctx) => adjustStock(ctx, { variantId, setTo, reason: 'r' }));
  await set(5);
  await take(session, variantId, 5);
  await lapse(session);
  await set(6);
  expect(await canBeHad(productId)).toBe(true);
  await set(5);
  await set(0);
  expect(await canBeHad(productId)).toBe(false);
});

test('a hold that had run out and is extended takes the goods away again', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 5);
  await take(session, variantId, 5);
  await lapse(session);
  await within(session, (ctx) => adjustStock(ctx, { variantId, setTo: 4, reason: 'r' }));
  expect(await canBeHad(productId)).toBe(true);
  await within(session, (ctx) => extend(ctx, owner, null));
  expect(await canBeHad(productId)).toBe(false);
});

test('goods promised at one place may leave from another: the promise is given back there, the shelf is lighter here', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const here = await within(session, (ctx) =>
    createLocation(ctx, newLocation.parse({ name: 'Here', handle: 'here', priority: 1 })),
  );
  const there = await within(session, (ctx) =>
    createLocation(ctx, newLocation.parse({ name: 'There', handle: 'there', priority: 2 })),
  );
  await count(session, variantId, 5, here.id);
  await count(session, variantId, 5, there.id);
  await take(session, variantId, 4);
  const lines = [{ variantId, quantity: 3 }];
  expect(await within(session, (ctx) => consume(ctx, owner, lines, there.id))).toBe(3);
  const levels = await levelsOf(session, variantId);
  expect(levels.find(({ locationId }) => locationId === here.id)).toMatchObject({ onHand: 5, reserved: 1 });
  expect(levels.find(({ locationId }) => locationId === there.id)).toMatchObject({ onHand: 2, reserved: 0 });
  await take(session, variantId, 3, { type: 'order', id: 'more' });
  const rest = within(session, (ctx) =>
    consume(ctx, { type: 'order', id: 'more' }, [{ variantId, quantity: 3 }], there.id),
  );
  await expect(rest).rejects.toThrow('2 are on hand');
});
