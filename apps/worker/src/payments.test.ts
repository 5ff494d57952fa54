import { systemSession } from '@souk/domain/kernel/ctx';
import { newCancellation } from '@souk/domain/sales/payments/cancellation.contract';
import { cancelOrder } from '@souk/domain/sales/payments/cancellation.service';
import { useDatabase } from '@souk/domain/testing/database';
import { memoryStore } from '@souk/domain/testing/memory-store';
import { booksOf } from '@souk/domain/testing/payable-orders';
import { givenShopperAtPage } from '@souk/domain/testing/paying-shopper';
import { createLoggers } from '@souk/platform/logger';
import { expect, test } from 'vitest';
import { CompanyWork } from './company-work.ts';
import { dueWork } from './due-work.ts';

const db = useDatabase();
const { log } = createLoggers({ level: 'silent', process: 'test' });
const never = () => Promise.reject(new Error('not in this test'));
const noPictures = { remote: { fetch: never }, typeOf: never, maker: { develop: never } };

type Shopper = Awaited<ReturnType<typeof givenShopperAtPage>>;

/** Two workers that share one kind of work; a round of each, until there is nothing left. */
function workers(name: string, { gateway }: Shopper) {
  const parts = { run: db.app.run, log, store: memoryStore(), pictures: noPictures, gateways: gateway.gateways };
  const both = [1, 2].map(() => {
    const kind = dueWork(parts).find((one) => one.name === name);
    if (!kind) throw new Error(`There is no work called ${name}`);
    return new CompanyWork(kind, { lookAround: db.relay.unscoped, log });
  });
  return async () => {
    while ((await Promise.all(both.map((one) => one.round()))).some(Boolean)) {
      // until nothing is left
    }
  };
}

test('a webhook in the inbox is settled by the worker, by one of them', async () => {
  const shopper = await givenShopperAtPage(db);
  const { gateway, reference, send, order } = shopper;
  gateway.move(reference, 'succeeded');
  await send('charge.success', reference);
  await workers('payment-notices', shopper)();
  expect(gateway.calls.verify).toBe(1);
  expect(await booksOf(db, order)).toMatchObject({ order: { payment_status: 'paid' } });
});

test('without any webhook the worker asks, settles, and gives back what was cancelled but never sent', async () => {
  const shopper = await givenShopperAtPage(db);
  const { system, gateway, reference, order } = shopper;
  const work = workers('payment-reconciler', shopper);
  gateway.move(reference, 'succeeded');
  await db.admin`update payment_attempts set next_check_at = now() where company_id = ${system.companyId}`;
  await work();
  expect(await booksOf(db, order)).toMatchObject({ order: { payment_status: 'paid' } });
  // The process that cancels dies before it has asked the provider: its request was never on its way.
  const wish = newCancellation.parse({ reason: 'Sold out' });
  await db.app.run(systemSession(system.companyId, 'test'), (ctx) => cancelOrder(ctx, order.orderId, wish));
  await db.admin`update refunds set next_check_at = now(), updated_at = now() - interval '11 minutes'
    where company_id = ${system.companyId}`;
  await work();
  expect(gateway.givenBack).toBe(order.total);
  expect(await booksOf(db, order)).toMatchObject({ order: { payment_status: 'refunded' } });
});
