import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { adjustStock, adjustStockBatch } from './adjustments.service.ts';
import { BundleHasNoStock, TooManyLocations, TooMuchStock } from './inventory.errors.ts';
import { createLocation, defaultLocationId, LOCATIONS_MAX } from './locations.service.ts';
import { reserve } from './reservations.service.ts';
import { restock } from './returned-goods.service.ts';
import { UNITS_MAX } from './stock.contract.ts';
import { availableOf, readStock, setOnHand } from './stock.service.ts';
import { updateStockLevel } from './stock-levels.service.ts';
import { newReceipt } from './transfers.contract.ts';
import { createTransfer, receiveTransfer, sendTransfer } from './transfers.service.ts';

const db = useDatabase();
const within = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const place = (session: Session, handle: string) =>
  within(session, (ctx) => createLocation(ctx, { name: handle, handle, address: null, priority: 1, isActive: true }));
const count = (session: Session, variantId: Id<'var'>, quantity: number, locationId?: Id<'loc'>) =>
  within(session, (ctx) => setOnHand(ctx, [{ variantId, quantity, locationId }], { type: 'test' }));

test('a company has a hundred locations at most, and full ones add up', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const rest = LOCATIONS_MAX - 1;
  const first = await within(session, defaultLocationId);
  await db.admin`insert into stock_locations (company_id, id, name, handle)
    select ${session.companyId}, 'loc_' || n, 'L', 'l-' || n from generate_series(1, ${rest}) n`;
  await expect(place(session, 'one-more')).rejects.toThrow(TooManyLocations);
  await db.admin`insert into stock_levels (company_id, variant_id, location_id, on_hand)
    select ${session.companyId}, ${variantId}, l.id, ${UNITS_MAX} from stock_locations l
    where l.company_id = ${session.companyId} and l.id <> ${first}`;
  const available = await within(session, (ctx) => availableOf(ctx, [variantId]));
  expect(available.get(variantId)?.available).toBe(2_147_483_647);
});

test('no counter is raised above its bound, and one that is above it may be lowered', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const endless = (await givenGoods(db, session.companyId, { backorder: 'allow' })).variantId;
  await count(session, variantId, UNITS_MAX);
  await expect(within(session, (ctx) => restock(ctx, [{ variantId, quantity: 1 }], { type: 'test' }))).rejects.toThrow(
    TooMuchStock,
  );
  await db.admin`update stock_levels set on_hand = ${UNITS_MAX + 10} where variant_id = ${variantId}`;
  const change = (delta: number) => within(session, (ctx) => adjustStock(ctx, { variantId, delta, reason: 'r' }));
  await expect(change(1)).rejects.toThrow(TooMuchStock);
  expect((await change(-1)).stockLevel.onHand).toBe(UNITS_MAX + 9);
  const want = (lines: number) =>
    within(session, (ctx) =>
      reserve(ctx, {
        owner: { type: 'order', id: 'o' },
        lines: Array.from({ length: lines }, () => ({ variantId: endless, quantity: 1_000_000 })),
        expiresAt: null,
      }),
    );
  await expect(want(101)).rejects.toThrow(InvalidInput);
  await want(100);
  await expect(want(1)).rejects.toThrow(TooMuchStock);
});

test('a receipt names what came, of what is in the transfer', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const from = await within(session, defaultLocationId);
  const to = await place(session, 'b');
  await count(session, variantId, 10);
  const lines = [{ variantId, quantity: 4 }];
  const { id } = await within(session, (ctx) =>
    createTransfer(ctx, { fromLocationId: from, toLocationId: to.id, reference: null, lines }),
  );
  await within(session, (ctx) => sendTransfer(ctx, id));
  const receive = (variant: Id<'var'>) =>
    within(session, (ctx) => receiveTransfer(ctx, id, { lines: [{ variantId: variant, received: 1, lost: 0 }] }));
  await expect(receive(newId('var'))).rejects.toMatchObject({
    faults: [{ pointer: '/lines/0/variantId', code: 'not_in_transfer' }],
  });
  const nothing = within(session, (ctx) =>
    receiveTransfer(ctx, id, newReceipt.parse({ lines: [{ variantId, received: 0 }] })),
  );
  await expect(nothing).rejects.toMatchObject({ faults: [{ pointer: '/lines/0/received', code: 'nothing_came' }] });
  await db.admin`update stock_levels set on_hand = ${UNITS_MAX} where location_id = ${to.id}`;
  await expect(receive(variantId)).rejects.toThrow(TooMuchStock);
});

test('a transfer that is too large says what is promised', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const from = await within(session, defaultLocationId);
  const to = await place(session, 'b');
  await count(session, variantId, 10);
  const owner = { type: 'order', id: 'o' };
  await within(session, (ctx) => reserve(ctx, { owner, lines: [{ variantId, quantity: 7 }], expiresAt: null }));
  const { id } = await within(session, (ctx) =>
    createTransfer(ctx, {
      fromLocationId: from,
      toLocationId: to.id,
      reference: null,
      lines: [{ variantId, quantity: 4 }],
    }),
  );
  await expect(within(session, (ctx) => sendTransfer(ctx, id))).rejects.toThrow(
    '10 are on hand, 7 of them promised; 4 cannot leave. Send fewer, or release holds.',
  );
});

test('a bundle has no stock of its own to set, and a change must change something', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const bundle = (await givenGoods(db, session.companyId, { parts: new Map([[variantId, 1]]) })).variantId;
  await expect(count(session, bundle, 1)).rejects.toThrow(BundleHasNoStock);
  const keep = within(session, (ctx) => updateStockLevel(ctx, bundle, { safetyStock: 1 }));
  await expect(keep).rejects.toThrow(BundleHasNoStock);
  const change = (patch: { lowStockThreshold?: null }) =>
    within(session, (ctx) => updateStockLevel(ctx, variantId, patch));
  await expect(change({})).rejects.toThrow('Expected safetyStock or lowStockThreshold.');
  await expect(change({ lowStockThreshold: null })).resolves.toMatchObject({ variantId });
});

test('a row that is refused makes no shelf', async () => {
  const session = await givenCompany(db);
  const { variantId } = await givenGoods(db, session.companyId);
  const rows = [
    { variantId, delta: -1 },
    { variantId, setTo: 4, expected: 3 },
  ];
  const { counts } = await within(session, (ctx) => adjustStockBatch(ctx, { reason: 'r', rows }));
  expect(counts.refused).toBe(2);
  expect((await within(session, (ctx) => readStock(ctx, [variantId]))).get(variantId)).toEqual([]);
});
