import { expect, test } from 'vitest';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { warmUp } from '../../testing/people.ts';
import { countingRun } from '../../testing/statement-count.ts';
import { InsufficientStock, NotReserved } from './inventory.errors.ts';
import { createLocation, defaultLocationId } from './locations.service.ts';
import { companiesWithExpiredHolds, consume, expireDue, extend, release } from './reservation-ends.service.ts';
import { reserve } from './reservations.service.ts';
import { restock } from './returned-goods.service.ts';
import { readStock, setOnHand } from './stock.service.ts';

const db = useDatabase();
const cause = { type: 'test' };
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const count = (session: Session, variantId: Id<'var'>, quantity: number, locationId?: Id<'loc'>) =>
  within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity, locationId }], cause));
const soon = (seconds: number) => after(new Date(), seconds);
let orders = 0;
const order = () => ({ type: 'order', id: `order-${++orders}` });
const take = (
  session: Session,
  lines: { variantId: Id<'var'>; quantity: number }[],
  owner = order(),
  expiresAt = soon(600),
) => within(session, (ctx) => reserve(ctx, { owner, lines, expiresAt }));
const levelsOf = async (session: Session, variantId: Id<'var'>) =>
  (await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId) ?? [];
const lapse = (owner: { id: string }) =>
  db.admin`update stock_reservations set expires_at = now() - interval '1 second' where owner_id = ${owner.id}`;
const canBeHad = async (productId: Id<'prod'>) =>
  (await db.admin`select is_available from product_availability where product_id = ${productId}`)[0]?.['is_available'];

async function outcomes(buyers: Promise<unknown>[]) {
  const settled = await Promise.allSettled(buyers);
  const refused = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
  expect(refused.filter((reason) => !(reason instanceof InsufficientStock))).toEqual([]);
  return { sold: settled.length - refused.length, refused: refused.length };
}

test('of 200 who want the last one at once, exactly one gets it', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 1);
  await warmUp(db);
  const buyers = Array.from({ length: 200 }, () => patiently(() => take(session, [{ variantId, quantity: 1 }])));
  expect(await outcomes(buyers)).toEqual({ sold: 1, refused: 199 });
  expect(await levelsOf(session, variantId)).toMatchObject([{ onHand: 1, reserved: 1, available: 0 }]);
  expect(await canBeHad(productId)).toBe(false);
});

test('a stock of 100 at two places is sold to exactly 100 of 300 buyers', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 37);
  const second = await within(session, (ctx) =>
    createLocation(ctx, { name: 'B', handle: 'b', address: null, priority: 1, isActive: true }),
  );
  await count(session, variantId, 63, second.id);
  await warmUp(db);
  const buyers = Array.from({ length: 300 }, () => patiently(() => take(session, [{ variantId, quantity: 1 }])));
  expect(await outcomes(buyers)).toEqual({ sold: 100, refused: 200 });
  expect((await levelsOf(session, variantId)).map(({ reserved }) => reserved)).toEqual([37, 63]);
});

test('orders that name the same goods in opposite order never wait for each other in a circle', async () => {
  const session = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 6 }, () => givenGoods(db, session.companyId)));
  for (const { variantId } of goods) await count(session, variantId, 1_000);
  await warmUp(db);
  const before = await deadlocks();
  const lines = goods.map(({ variantId }) => ({ variantId, quantity: 1 }));
  const orders = Array.from({ length: 80 }, (_, at) =>
    patiently(async () => {
      const owner = order();
      await take(session, at % 2 ? lines : [...lines].reverse(), owner);
      if (at % 3 === 0) await within(session, (ctx) => release(ctx, owner));
    }),
  );
  expect(await outcomes(orders)).toEqual({ sold: 80, refused: 0 });
  expect(await deadlocks()).toBe(before);
  for (const { variantId } of goods) expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 53 }]);
});

test('buyers of what has no shelf yet, beside holds that ran out, never wait for each other in a circle', async () => {
  const session = await givenCompany(db);
  await within(session, defaultLocationId); // makes it
  await warmUp(db);
  for (let round = 0; round < 10; round++) {
    const counted = await givenGoods(db, session.companyId);
    const endless = await givenGoods(db, session.companyId, { backorder: 'allow' });
    await count(session, counted.variantId, 30);
    const owner = order();
    await take(session, [{ variantId: counted.variantId, quantity: 25 }], owner);
    await lapse(owner);
    const buyers = [1, 6, 1, 6, 1, 6].map((quantity) =>
      take(session, [
        { variantId: counted.variantId, quantity },
        { variantId: endless.variantId, quantity: 1 },
      ]),
    );
    expect(await outcomes(buyers)).toEqual({ sold: 6, refused: 0 });
  }
});

test('of two orders that each take the last of another variant, the second one sees that the product is gone', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  const other = await givenGoods(db, session.companyId, { productId });
  await within(session, (ctx) =>
    restock(
      ctx,
      [variantId, other.variantId].map((id) => ({ variantId: id, quantity: 1 })),
      cause,
    ),
  );
  expect(await canBeHad(productId)).toBe(true);
  let taken: () => void = () => undefined;
  const hasTaken = new Promise<void>((resolve) => {
    taken = resolve;
  });
  const first = within(session, async (ctx) => {
    await reserve(ctx, { owner: order(), lines: [{ variantId, quantity: 1 }], expiresAt: null });
    taken();
    await new Promise((resolve) => setTimeout(resolve, 300)); // time for the second one to come as far as it can
  });
  await hasTaken;
  await Promise.all([first, take(session, [{ variantId: other.variantId, quantity: 1 }])]);
  expect(await canBeHad(productId)).toBe(false);
});

test('two lines that share a part are added up before anything is taken', async () => {
  const session = await givenCompany(db);
  const [cup, pot] = [await givenGoods(db, session.companyId), await givenGoods(db, session.companyId)];
  const bundle = async (cups: number) =>
    (
      await givenGoods(db, session.companyId, {
        parts: new Map([
          [cup.variantId, cups],
          [pot.variantId, 1],
        ]),
      })
    ).variantId;
  const [small, large] = [await bundle(2), await bundle(6)];
  await count(session, cup.variantId, 9);
  await count(session, pot.variantId, 9);
  const lines = [
    { variantId: small, quantity: 2 },
    { variantId: large, quantity: 1 },
  ];
  const refusal = await take(session, lines).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(InsufficientStock);
  expect(refusal).toMatchObject({ shortages: [{ line: 1, variantId: large, requested: 1, available: 0 }] });
  expect(refusal).toMatchObject({ faults: [{ pointer: '/lines/1/quantity', message: 'None is available.' }] });
  expect(await levelsOf(session, pot.variantId)).toMatchObject([{ reserved: 0 }]);
  await count(session, cup.variantId, 10);
  await take(session, lines);
  expect(await levelsOf(session, cup.variantId)).toMatchObject([{ reserved: 10, available: 0 }]);
  expect(await levelsOf(session, pot.variantId)).toMatchObject([{ reserved: 3, available: 6 }]);
});

test('when the parts run out the bundle cannot be had either, and again when they come back', async () => {
  const session = await givenCompany(db);
  const cup = await givenGoods(db, session.companyId);
  const set = await givenGoods(db, session.companyId, { parts: new Map([[cup.variantId, 4]]) });
  await within(session, (ctx) => restock(ctx, [{ variantId: cup.variantId, quantity: 6 }], cause));
  expect([await canBeHad(cup.productId), await canBeHad(set.productId)]).toEqual([true, true]);
  const owner = order();
  await take(session, [{ variantId: cup.variantId, quantity: 3 }], owner);
  expect([await canBeHad(cup.productId), await canBeHad(set.productId)]).toEqual([true, false]);
  await within(session, (ctx) => release(ctx, owner));
  expect([await canBeHad(cup.productId), await canBeHad(set.productId)]).toEqual([true, true]);
});

test('a hold stops counting the moment it runs out, whoever sweeps, and its goods go to the next one', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 2);
  const [first, second] = [order(), order()];
  await take(session, [{ variantId, quantity: 2 }], first);
  await expect(take(session, [{ variantId, quantity: 1 }], second)).rejects.toThrow(InsufficientStock);
  await lapse(first);
  expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 0, available: 2 }]);
  await take(session, [{ variantId, quantity: 2 }], second);
  expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 2, available: 0 }]);
  expect(await within(session, (ctx) => consume(ctx, first))).toBe(0);
  const rows =
    await db.admin`select owner_id, status from stock_reservations where variant_id = ${variantId} order by id`;
  expect(rows.map((row) => [row['owner_id'], row['status']])).toEqual([
    [first.id, 'expired'],
    [second.id, 'held'],
  ]);
});

test('the sweep ends what ran out, says that the product can be had again, and finds the company by the relay', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 1);
  const owner = order();
  await take(session, [{ variantId, quantity: 1 }], owner);
  expect(await canBeHad(productId)).toBe(false);
  const due = () => db.relay.unscoped((tx) => companiesWithExpiredHolds(tx, 100));
  expect(await due()).not.toContain(session.companyId);
  await lapse(owner);
  expect(await due()).toContain(session.companyId);
  expect(await within(session, (ctx) => expireDue(ctx, 10))).toBe(1);
  expect(await canBeHad(productId)).toBe(true);
  expect(await due()).not.toContain(session.companyId);
  const [row] = await db.admin`select * from stock_movements where variant_id = ${variantId} and kind = 'expiry'`;
  expect(row).toMatchObject({ reserved_delta: -1, cause_type: 'order', cause_id: owner.id });
});

test('a hold that is extended, or made to last, is not swept', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 1);
  const owner = order();
  await take(session, [{ variantId, quantity: 1 }], owner);
  await lapse(owner);
  expect(await within(session, (ctx) => extend(ctx, owner, null))).toBe(1);
  expect(await within(session, (ctx) => expireDue(ctx, 10))).toBe(0);
  expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 1, available: 0 }]);
  await within(session, (ctx) => release(ctx, owner));
  expect(await within(session, (ctx) => extend(ctx, owner, null))).toBe(0);
});

test('giving back twice gives back once; a part leaves the rest held', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 10);
  const owner = order();
  await take(session, [{ variantId, quantity: 6 }], owner);
  const give = (quantity?: number) =>
    within(session, (ctx) => release(ctx, owner, quantity ? [{ variantId, quantity }] : undefined));
  expect(await give(2)).toBe(2);
  expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 4, available: 6 }]);
  const both = await Promise.all([give(), give()]);
  expect(both.sort()).toEqual([0, 4]);
  expect(await levelsOf(session, variantId)).toMatchObject([{ onHand: 10, reserved: 0, available: 10 }]);
});

test('what is sent leaves the shelf, in parts too, and never more than was reserved', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 10);
  const owner = order();
  await take(session, [{ variantId, quantity: 6 }], owner);
  const send = (quantity?: number) =>
    within(session, (ctx) => consume(ctx, owner, quantity ? [{ variantId, quantity }] : undefined));
  await expect(send(7)).rejects.toThrow(NotReserved);
  expect(await send(2)).toBe(2);
  expect(await levelsOf(session, variantId)).toMatchObject([{ onHand: 8, reserved: 4, available: 4 }]);
  expect((await Promise.all([send(), send()])).sort()).toEqual([0, 4]);
  expect(await levelsOf(session, variantId)).toMatchObject([{ onHand: 4, reserved: 0, available: 4 }]);
});

test('beyond stock only where that is allowed: it is promised by the first location, and cannot be sent before it is there', async () => {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId, { backorder: 'allow' });
  const owner = order();
  await take(session, [{ variantId, quantity: 3 }], owner);
  expect(await levelsOf(session, variantId)).toMatchObject([{ onHand: 0, reserved: 3, available: 0 }]);
  expect(await canBeHad(productId)).toBe(true);
  await expect(within(session, (ctx) => consume(ctx, owner))).rejects.toThrow('on hand');
  await count(session, variantId, 3);
  expect(await within(session, (ctx) => consume(ctx, owner))).toBe(3);
});

test('what is not counted needs nothing, and what is no longer sold is not there', async () => {
  const session = await givenCompany(db);
  const free = await givenGoods(db, session.companyId, { tracksStock: false });
  expect(await take(session, [{ variantId: free.variantId, quantity: 1_000 }])).toEqual([]);
  const gone = await givenGoods(db, session.companyId, { tracksStock: false, archived: true });
  await expect(take(session, [{ variantId: gone.variantId, quantity: 1 }])).rejects.toThrow(InsufficientStock);
});

test("another company's variant is not there, and its owner's holds are not touched", async () => {
  const [mine, other] = [await givenCompany(db), await givenCompany(db)];
  const { variantId } = await givenGoods(db, other.companyId);
  await count(other, variantId, 5);
  await expect(take(mine, [{ variantId, quantity: 1 }])).rejects.toThrow(NotFound);
  await expect(take(mine, [{ variantId: newId('var'), quantity: 1 }])).rejects.toThrow(NotFound);
  const owner = order();
  await take(other, [{ variantId, quantity: 1 }], owner);
  for (const touch of [release, consume, (ctx: Ctx) => extend(ctx, owner, null)])
    expect(await within(mine, (ctx) => touch(ctx, owner))).toBe(0);
  expect(await levelsOf(other, variantId)).toMatchObject([{ onHand: 5, reserved: 1 }]);
});

test('half-way is nowhere: an error after reserving leaves no counter, no hold and no ledger row', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  await count(session, variantId, 5);
  const broken = within(session, async (ctx) => {
    await reserve(ctx, { owner: order(), lines: [{ variantId, quantity: 2 }], expiresAt: null });
    throw new Error('power cut');
  });
  await expect(broken).rejects.toThrow('power cut');
  expect(await levelsOf(session, variantId)).toMatchObject([{ reserved: 0, available: 5 }]);
  const rows = await db.admin`select kind from stock_movements where variant_id = ${variantId}
    union all select status from stock_reservations where variant_id = ${variantId}`;
  expect(rows.map((row) => row['kind'])).toEqual(['adjustment']);
});

test('an order of many lines is as few statements as one of two', async () => {
  const session = await givenCompany(db);
  const goods = await Promise.all(Array.from({ length: 40 }, () => givenGoods(db, session.companyId)));
  await within(session, defaultLocationId);
  for (const { variantId } of goods) await count(session, variantId, 1_000);
  const statements = async (lines: { variantId: Id<'var'>; quantity: number }[]) => {
    const { run, counted } = countingRun(db.app.run);
    await run(session, (ctx) => reserve(ctx, { owner: order(), lines, expiresAt: null }));
    return counted.statements;
  };
  const lines = goods.map(({ variantId }) => ({ variantId, quantity: 1 }));
  expect(await statements(lines.slice(0, 2))).toBe(2);
  expect(await statements(lines)).toBe(2);
});

const deadlocks = async () =>
  Number((await db.admin`select deadlocks from pg_stat_database where datname = current_database()`)[0]?.['deadlocks']);

/** Tries again while the pool of the test, which is smaller than the crowd, has no connection free in time. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'DatabaseUnavailable') throw error;
    }
  }
}
