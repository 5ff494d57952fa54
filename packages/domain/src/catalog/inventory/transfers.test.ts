import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { StockBelowZero, TransferNotAllowed } from './inventory.errors.ts';
import { createLocation, defaultLocationId } from './locations.service.ts';
import { reserve } from './reservations.service.ts';
import { readStock, setOnHand } from './stock.service.ts';
import { checkStock } from './stock-care.flow.ts';
import { updateStockLevel } from './stock-levels.service.ts';
import type { NewReceipt } from './transfers.contract.ts';
import { cancelTransfer, createTransfer, listTransfers, receiveTransfer, sendTransfer } from './transfers.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);

async function given(onHand = 10) {
  const session = await givenCompany(db);
  const { variantId, productId } = await givenGoods(db, session.companyId);
  const from = await within(session, defaultLocationId);
  const to = await within(session, (ctx) =>
    createLocation(ctx, { name: 'B', handle: 'b', address: null, priority: 1, isActive: true }),
  );
  await within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity: onHand }], { type: 'test' }));
  const plan = (quantity: number) =>
    within(session, (ctx) =>
      createTransfer(ctx, {
        fromLocationId: from,
        toLocationId: to.id,
        reference: null,
        lines: [{ variantId, quantity }],
      }),
    );
  /** On hand here, on hand there, on its way there. */
  const stock = async () => {
    const levels = (await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId) ?? [];
    const at = (id: string) => levels.find(({ locationId }) => locationId === id);
    return [at(from)?.onHand ?? 0, at(to.id)?.onHand ?? 0, at(to.id)?.incoming ?? 0];
  };
  const send = (id: Id<'trf'>) => within(session, (ctx) => sendTransfer(ctx, id));
  const cancel = (id: Id<'trf'>) => within(session, (ctx) => cancelTransfer(ctx, id));
  const receive = (id: Id<'trf'>, line: Partial<NewReceipt['lines'][number]>) =>
    within(session, (ctx) => receiveTransfer(ctx, id, { lines: [{ variantId, received: 0, lost: 0, ...line }] }));
  return { session, variantId, productId, from, to: to.id, plan, stock, send, cancel, receive };
}

test('goods leave when they are sent, are nowhere on hand on their way, and arrive in parts', async () => {
  const { session, plan, stock, send, receive } = await given();
  const { id, status } = await plan(6);
  expect([status, await stock()]).toEqual(['draft', [10, 0, 0]]);
  expect((await send(id)).status).toBe('in_transit');
  expect(await stock()).toEqual([4, 0, 6]);
  expect(await receive(id, { received: 2 })).toMatchObject({ status: 'in_transit', closedAt: null });
  expect(await stock()).toEqual([4, 2, 4]);
  await expect(receive(id, { received: 4, lost: 1 })).rejects.toThrow(InvalidInput);
  const done = await receive(id, { received: 3, lost: 1 });
  expect(done).toMatchObject({ status: 'received', lines: [{ quantity: 6, received: 5, lost: 1 }] });
  expect(await stock()).toEqual([4, 5, 0]);
  await expect(receive(id, { received: 1 })).rejects.toThrow(TransferNotAllowed);
  expect(await checkStock(db.app.run, session)).toEqual([]);
  const told = await db.admin`select type, sequence from events where aggregate_id = ${id} order by id`;
  expect(told.map((row) => `${row['type']} ${row['sequence']}`)).toEqual([
    'stock_transfer.created 1',
    'stock_transfer.sent 2',
    'stock_transfer.received 3',
    'stock_transfer.received 4',
  ]);
});

test('a transfer that is called off gives back what is on its way, once', async () => {
  const { plan, stock, send, receive, cancel } = await given();
  const draft = await plan(3);
  expect((await cancel(draft.id)).status).toBe('cancelled');
  await expect(send(draft.id)).rejects.toThrow(TransferNotAllowed);
  const { id } = await plan(6);
  await send(id);
  await receive(id, { received: 2 });
  const both = await Promise.allSettled([cancel(id), cancel(id)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await stock()).toEqual([8, 2, 0]);
});

test('what is promised to somebody, or not there, is not sent; what ran out is', async () => {
  const { session, variantId, plan, stock, send } = await given();
  const lines = [{ variantId, quantity: 7 }];
  await within(session, (ctx) =>
    reserve(ctx, { owner: { type: 'order', id: session.companyId }, lines, expiresAt: null }),
  );
  const { id } = await plan(4);
  await expect(send(id)).rejects.toThrow(StockBelowZero);
  expect(await stock()).toEqual([10, 0, 0]);
  await db.admin`update stock_reservations set expires_at = now() - interval '1 second' where variant_id = ${variantId}`;
  await send(id);
  expect(await stock()).toEqual([6, 0, 4]);
});

test('sent twice at once, it is sent once', async () => {
  const { plan, stock, send } = await given();
  const { id } = await plan(5);
  const both = await Promise.allSettled([send(id), send(id)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await stock()).toEqual([5, 0, 5]);
});

test('a product whose goods are all on their way cannot be had until they arrive', async () => {
  const { productId, plan, send, receive } = await given(4);
  const canBeHad = async () =>
    (await db.admin`select is_available from product_availability where product_id = ${productId}`)[0]?.[
      'is_available'
    ];
  const { id } = await plan(4);
  await send(id);
  expect(await canBeHad()).toBe(false);
  await receive(id, { received: 1 });
  expect(await canBeHad()).toBe(true);
});

test("another company's transfer, location and variant are not there", async () => {
  const [mine, other] = [await given(), await given()];
  const { id } = await other.plan(1);
  for (const touch of [mine.send, mine.cancel, (foreign: Id<'trf'>) => mine.receive(foreign, { received: 1 })])
    await expect(touch(id)).rejects.toThrow(NotFound);
  const create = (from: Id<'loc'>, variantId: Id<'var'>) =>
    within(mine.session, (ctx) =>
      createTransfer(ctx, {
        fromLocationId: from,
        toLocationId: mine.to,
        reference: null,
        lines: [{ variantId, quantity: 1 }],
      }),
    );
  await expect(create(other.from, mine.variantId)).rejects.toThrow(NotFound);
  await expect(create(mine.from, other.variantId)).rejects.toThrow(NotFound);
  expect((await within(mine.session, (ctx) => listTransfers(ctx, { limit: 10 }))).data).toEqual([]);
});

test('what a transfer and a changed shelf do to the stock makes the answers of visitors anew', async () => {
  const { session, plan, send, receive, variantId } = await given();
  // The shown version of the catalogue is raised by each of them.
  const version = async () =>
    Number(
      (await db.admin`select version from catalogue_versions where company_id = ${session.companyId}`)[0]?.['version'],
    );
  const { id } = await plan(6);
  const versions = [await version()];
  await send(id);
  versions.push(await version());
  await receive(id, { received: 6 });
  versions.push(await version());
  await within(session, (ctx) => updateStockLevel(ctx, variantId, { safetyStock: 1 }));
  versions.push(await version());
  expect([...new Set(versions)].sort((a, b) => a - b)).toEqual(versions);
  expect(new Set(versions).size).toBe(4);
});
