import { expect, test } from 'vitest';
import { lockLevels } from '../../catalog/inventory/levels.service.ts';
import { expireDue, expireHoldsOf } from '../../catalog/inventory/reservation-ends.service.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
import { setOnHand } from '../../catalog/inventory/stock.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { givenReservedOrder } from '../../testing/reserved-orders.ts';
import { countingRun } from '../../testing/statement-count.ts';
import { cancelLines } from './cancellation.service.ts';
import { lockOrder } from './order-rows.service.ts';
import { secureStock } from './order-stock.service.ts';

const db = useDatabase();

/** An order that waits for its payment, of the last ones of two variants. */
async function given() {
  const session = await givenCompany(db);
  const within = <T>(work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
  const goods = [await givenGoods(db, session.companyId), await givenGoods(db, session.companyId)];
  const variantIds = goods.map(({ variantId }) => variantId) as [Id<'var'>, Id<'var'>];
  for (const variantId of variantIds)
    await within((ctx) => setOnHand(ctx, [{ variantId, quantity: 1 }], { type: 'test' }));
  const lines = variantIds.map((variantId) => ({ variantId, quantity: 1 }));
  const { orderId } = await givenReservedOrder(db, session, lines, { lifecycle: 'pending' });
  return {
    ...{ session, within, variantIds, orderId },
    endsIn: (seconds: number, of: readonly Id<'var'>[] = variantIds) =>
      db.admin`update stock_reservations set expires_at = now() + make_interval(secs => ${seconds})
        where owner_id = ${orderId} and variant_id = any(${[...of]})`,
    secure: (onTry: () => void = () => undefined) => {
      const { run, counted } = countingRun(db.app.run);
      return run(session, async (ctx) => {
        onTry();
        const order = await lockOrder(ctx, orderId);
        counted.statements = 0; // from here on
        return { isSecured: await secureStock(ctx, order), sent: counted.statements };
      });
    },
    holds: async () =>
      (
        await db.admin`select status, expires_at is null as lasts from stock_reservations
          where owner_id = ${orderId} order by id`
      ).map((row) => `${row['status']}${row['lasts'] ? ' for good' : ''}`),
    buy: (variantId: Id<'var'>) =>
      within((ctx) =>
        reserve(ctx, { owner: { type: 'order', id: 'rival' }, lines: [{ variantId, quantity: 1 }], expiresAt: null }),
      ),
  };
}

test('goods that are still held become the order’s own in one statement', async () => {
  const { endsIn, secure, holds } = await given();
  await endsIn(600);
  expect(await secure()).toEqual({ isSecured: true, sent: 1 });
  expect(await holds()).toEqual(['held for good', 'held for good']);
});

test('holds that ran out and that nobody ended count again', async () => {
  const { endsIn, secure, holds, buy, variantIds } = await given();
  await endsIn(-60);
  expect(await secure()).toMatchObject({ isSecured: true });
  expect(await holds()).toEqual(['held for good', 'held for good']);
  await expect(buy(variantIds[0])).rejects.toMatchObject({ code: 'insufficient_stock' });
});

test('an order that is paid waits for levels before it locks a hold, as everybody does: nobody waits in a circle', async () => {
  const { endsIn, secure, variantIds, within } = await given();
  await endsIn(-60, [variantIds[1]]);
  await within((ctx) => expireDue(ctx, 10));
  await endsIn(-60, [variantIds[0]]);
  let tries = 0;
  let locked: () => void = () => undefined;
  const hasLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const sweep = within(async (ctx) => {
    tries += 1;
    await lockLevels(ctx, [variantIds[0]]);
    locked();
    await new Promise((resolve) => setTimeout(resolve, 300)); // time for the order to come as far as it can
    await expireHoldsOf(ctx, [variantIds[0]]);
  });
  await hasLocked;
  const paid = secure(() => {
    tries += 1;
  });
  await Promise.all([sweep, paid]);
  expect(tries).toBe(2); // a circle is broken by the database, and one of the two tries again
});

test('when one of its goods was sold to somebody else, the order holds none, and the others are for sale', async () => {
  const { endsIn, secure, holds, buy, variantIds, session } = await given();
  await endsIn(-60);
  await buy(variantIds[1]);
  expect(await secure()).toMatchObject({ isSecured: false });
  expect(await holds()).not.toContain('held for good');
  const [row] = await db.admin`select p.is_available from product_availability p
    join product_variants v on v.product_id = p.product_id
    where p.company_id = ${session.companyId} and v.id = ${variantIds[0]}`;
  expect(row).toEqual({ is_available: true });
});

test('an order that is paid because the rest of it was called off keeps its goods for good, or somebody looks at it', async () => {
  for (const isLost of [false, true]) {
    const { within, endsIn, holds, buy, orderId, variantIds } = await given();
    await endsIn(600);
    await db.admin`update orders set paid_total = 1000 where id = ${orderId}`;
    if (isLost) {
      await endsIn(-1, [variantIds[0]]);
      await buy(variantIds[0]);
    }
    const [, second] = (await within((ctx) => lockOrder(ctx, orderId))).lines;
    const lines = [{ orderLineId: second?.id as Id<'oli'>, quantity: 1 }]; // it has two lines
    const { order } = await within((ctx) => cancelLines(ctx, orderId, { lines, restock: true, reason: 'x' }));
    expect(order).toMatchObject({ lifecycle: 'open', paymentStatus: 'paid', expiresAt: null, needsReview: isLost });
    expect(await holds()).toEqual(isLost ? ['expired', 'released'] : ['held for good', 'released']);
  }
});
