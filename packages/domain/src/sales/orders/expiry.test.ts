import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { expireUnpaid } from '../checkout/unpaid-orders.flow.ts';

const db = useDatabase();

test('an order that cannot be ended holds up none behind it: it is reported and tried again later', async () => {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 1_000 }, variants: [{ onHand: 10 }] });
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const cart = await shop.fullCart([{ variantId: product.variants[0] as Id<'var'> }]);
    ids.push((await cart.order()).order.id);
  }
  const [broken = '', ...others] = ids;
  await db.admin`update orders set expires_at = now() - interval '1 minute' where company_id = ${shop.companyId}`;
  await db.admin`update orders set expires_at = now() - interval '2 minutes', locale = 'broken' where id = ${broken}`;
  await db.admin.unsafe(`create function refuse_broken() returns trigger language plpgsql as
    $$ begin if new.locale = 'broken' and new.lifecycle = 'expired' then raise exception 'cannot be ended'; end if; return new; end $$`);
  await db.admin.unsafe(
    `create trigger refuse_broken before update on orders for each row execute function refuse_broken()`,
  );
  const reported: object[] = [];
  const report = (_error: unknown, about: object) => void reported.push(about);
  try {
    await expireUnpaid(db.app.run, { report }, shop.system);
    await expireUnpaid(db.app.run, { report }, shop.system);
    expect(reported).toEqual([{ companyId: shop.companyId, orderId: broken }]);
    const rows = await db.admin`select id, lifecycle, expires_at > now() + interval '5 minutes' as "isLater"
      from orders where company_id = ${shop.companyId} order by id`;
    expect(rows).toMatchObject([
      { id: broken, lifecycle: 'pending', isLater: true },
      ...others.map((id) => ({ id, lifecycle: 'expired' })),
    ]);
  } finally {
    await db.admin.unsafe('drop trigger refuse_broken on orders');
  }
  await db.admin`update orders set expires_at = now() where id = ${broken}`;
  await expireUnpaid(db.app.run, { report }, shop.system);
  const [ended] = await db.admin`select lifecycle from orders where id = ${broken}`;
  expect(ended).toEqual({ lifecycle: 'expired' });
});
