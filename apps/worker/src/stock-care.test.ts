import { reserve } from '@souk/domain/catalog/inventory/reservations.service';
import { setOnHand } from '@souk/domain/catalog/inventory/stock.service';
import { useDatabase } from '@souk/domain/testing/database';
import { givenCompany, givenGoods } from '@souk/domain/testing/goods';
import { memoryStore } from '@souk/domain/testing/memory-store';
import { createLoggers } from '@souk/platform/logger';
import { expect, test } from 'vitest';
import { CompanyWork } from './company-work.ts';
import { dueWork } from './due-work.ts';
import { Sweeper } from './sweeper.ts';

const db = useDatabase();
const { log } = createLoggers({ level: 'silent', process: 'test' });
const never = () => Promise.reject(new Error('not in this test'));
const noPictures = { remote: { fetch: never }, typeOf: never, maker: { develop: never } };

/** A company whose only unit of something is held by an order that waits for its money. */
async function given() {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  await db.app.run(session, async (ctx) => {
    await setOnHand(ctx, [{ variantId, quantity: 1 }], { type: 'test' });
    const soon = new Date(Date.now() + 60_000).toISOString();
    await reserve(ctx, { owner: { type: 'order', id: 'o' }, lines: [{ variantId, quantity: 1 }], expiresAt: soon });
  });
  const state = async () => {
    const [row] = await db.admin`select reserved, is_available from stock_levels l
      join product_availability a on a.company_id = l.company_id and a.product_id = ${productId}
      where l.variant_id = ${variantId}`;
    return row && { reserved: row['reserved'], isAvailable: row['is_available'] };
  };
  return { session, variantId, state };
}

test('holds that ran out are ended without anybody asking, and those that did not stay', async () => {
  const [lapsed, fresh] = [await given(), await given()];
  await db.admin`update stock_reservations set expires_at = now() - interval '1 second'
    where company_id = ${lapsed.session.companyId}`;
  const [kind] = dueWork({
    run: db.app.run,
    log,
    store: memoryStore(),
    pictures: noPictures,
    gateways: new Map(),
  }).filter(({ name }) => name === 'stock-holds');
  if (!kind) throw new Error('Nobody sweeps holds');
  await new CompanyWork(kind, { lookAround: db.relay.unscoped, log }).round();
  expect(await lapsed.state()).toEqual({ reserved: 0, isAvailable: true });
  expect(await fresh.state()).toEqual({ reserved: 1, isAvailable: false });
});

test('the hourly sweep brings up to date what can be had', async () => {
  const { variantId, state } = await given();
  await db.admin`update product_variants set backorder = 'allow' where id = ${variantId}`;
  expect((await state())?.isAvailable).toBe(false);
  await new Sweeper({ run: db.app.run, lookAround: db.relay.unscoped, store: memoryStore(), log }).round();
  expect((await state())?.isAvailable).toBe(true);
});

test('once a day, in an hour of its own, a company hears that its counters differ from the ledger', async () => {
  const [wrong, right] = [await given(), await given()];
  await db.admin`update stock_levels set on_hand = 7 where variant_id = ${wrong.variantId}`;
  const told: { companyId: string; count: number }[] = [];
  const listening = Object.assign(Object.create(log), { error: (about: (typeof told)[number]) => told.push(about) });
  for (let hour = 0; hour < 24; hour++) {
    const now = () => new Date(Date.UTC(2026, 10, 21, hour));
    const parts = { run: db.app.run, lookAround: db.relay.unscoped, store: memoryStore(), log: listening, now };
    await new Sweeper(parts).round();
  }
  const of = ({ session }: typeof wrong) => told.filter(({ companyId }) => companyId === session.companyId);
  expect(of(wrong)).toMatchObject([{ count: 1 }]);
  expect(of(right)).toEqual([]);
});
