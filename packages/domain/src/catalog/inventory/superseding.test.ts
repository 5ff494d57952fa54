import { expect, test } from 'vitest';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { InsufficientStock } from './inventory.errors.ts';
import { reserve } from './reservations.service.ts';
import { readStock, setOnHand } from './stock.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const orderOf = (id: string) => ({ type: 'order', id });
const soon = () => after(new Date(), 600);

async function givenStock(quantity: number, parts?: ReadonlyMap<Id<'var'>, number>, session?: Session) {
  const own = session ?? (await givenCompany(db));
  const { variantId } = await givenGoods(db, own.companyId, parts ? { parts } : {});
  if (!parts) await within(own, (ctx) => setOnHand(ctx, [{ variantId, quantity }], { type: 'test' }));
  return { session: own, variantId };
}

const reservedOf = async (session: Session, variantId: Id<'var'>) =>
  (await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId)?.[0]?.reserved;
const holdsOf = (session: Session) =>
  db.admin`select owner_id, status, sum(quantity)::int as quantity from stock_reservations
    where company_id = ${session.companyId} group by 1, 2 order by 1, 2`;

test('an order takes the place of another one with the goods of both, though the shelf has enough for one only', async () => {
  const { session, variantId } = await givenStock(5);
  const lines = [{ variantId, quantity: 5 }];
  await within(session, (ctx) => reserve(ctx, { owner: orderOf('a'), lines, expiresAt: soon() }));
  await within(session, (ctx) =>
    reserve(ctx, { owner: orderOf('b'), lines, expiresAt: soon(), instead: orderOf('a') }),
  );
  expect(await reservedOf(session, variantId)).toBe(5);
  expect(await holdsOf(session)).toEqual([
    { owner_id: 'a', status: 'released', quantity: 5 },
    { owner_id: 'b', status: 'held', quantity: 5 },
  ]);
});

test('when the new order is refused, the old one keeps its goods', async () => {
  const { session, variantId } = await givenStock(5);
  await within(session, (ctx) =>
    reserve(ctx, { owner: orderOf('a'), lines: [{ variantId, quantity: 3 }], expiresAt: soon() }),
  );
  const more = { owner: orderOf('b'), lines: [{ variantId, quantity: 6 }], expiresAt: soon(), instead: orderOf('a') };
  await expect(within(session, (ctx) => reserve(ctx, more))).rejects.toThrow(InsufficientStock);
  expect(await holdsOf(session)).toEqual([{ owner_id: 'a', status: 'held', quantity: 3 }]);
  expect(await reservedOf(session, variantId)).toBe(3);
});

test('other goods instead: the old ones are free again, of a bundle its parts', async () => {
  const { session, variantId: part } = await givenStock(4);
  const { variantId: set } = await givenStock(0, new Map([[part, 2]]), session);
  const { variantId: other } = await givenStock(1, undefined, session);
  const lines = [{ variantId: set, quantity: 2 }];
  await within(session, (ctx) => reserve(ctx, { owner: orderOf('a'), lines, expiresAt: soon() }));
  expect(await reservedOf(session, part)).toBe(4);
  const next = { owner: orderOf('b'), lines: [{ variantId: other, quantity: 1 }], expiresAt: soon() };
  await within(session, (ctx) => reserve(ctx, { ...next, instead: orderOf('a') }));
  expect([await reservedOf(session, part), await reservedOf(session, other)]).toEqual([0, 1]);
});

test('many that change their orders at once never wait for each other in a circle, and the counters stay true', async () => {
  const { session, variantId: a } = await givenStock(40);
  const { variantId: b } = await givenStock(40, undefined, session);
  const shopper = async (n: number) => {
    const [mine, other] = n % 2 ? [a, b] : [b, a];
    let former: string | undefined;
    for (let round = 0; round < 5; round++) {
      const id = newId('evt');
      const lines = [
        { variantId: mine, quantity: 1 + (round % 2) },
        ...(round % 3 ? [{ variantId: other, quantity: 1 }] : []),
      ];
      const instead = former ? { instead: orderOf(former) } : {};
      await within(session, (ctx) => reserve(ctx, { owner: orderOf(id), lines, expiresAt: soon(), ...instead }));
      former = id;
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, n) => shopper(n)));
  const [held] = await db.admin`select count(distinct owner_id)::int as owners, sum(quantity)::int as units
    from stock_reservations where company_id = ${session.companyId} and status = 'held'`;
  expect(held).toEqual({ owners: 8, units: 16 });
  const reserved = [await reservedOf(session, a), await reservedOf(session, b)].map(Number);
  expect(reserved.reduce((sum, units) => sum + units, 0)).toBe(16);
});

test('an order refused the goods of others, whose unit of work goes on, leaves what it gave up for sale', async () => {
  const { session, variantId: a } = await givenStock(1);
  const { variantId: b } = await givenStock(1, undefined, session);
  const both = [a, b].map((variantId) => ({ variantId, quantity: 1 }));
  const past = after(new Date(), -60);
  await within(session, (ctx) => reserve(ctx, { owner: orderOf('a'), lines: both, expiresAt: soon() }));
  await db.admin`update stock_reservations set expires_at = ${past} where company_id = ${session.companyId}`;
  await within(session, (ctx) =>
    reserve(ctx, { owner: orderOf('b'), lines: [{ variantId: b, quantity: 1 }], expiresAt: null }),
  );
  await within(session, async (ctx) => {
    const again = reserve(ctx, { owner: orderOf('a'), lines: both, expiresAt: null, instead: orderOf('a') });
    await expect(again).rejects.toThrow(InsufficientStock);
  });
  expect([await reservedOf(session, a), await reservedOf(session, b)]).toEqual([0, 1]);
  const rows = await db.admin`select v.id, p.is_available from product_availability p
    join product_variants v on v.product_id = p.product_id where p.company_id = ${session.companyId}`;
  expect(new Map(rows.map((row) => [row['id'], row['is_available']]))).toEqual(
    new Map([
      [a, true],
      [b, false],
    ]),
  );
});
