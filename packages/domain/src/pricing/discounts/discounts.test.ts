import { expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany, givenGoods } from '../../testing/goods.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { addCodes, addRandomCodes, listCodes, removeCode } from './code-changes.service.ts';
import { AUTOMATIC_MAX, discountPatch, discountsQuery, newDiscount } from './discounts.contract.ts';
import { DiscountArchived, DiscountCodesTaken, DiscountLimitReached } from './discounts.errors.ts';
import {
  archiveDiscount,
  createDiscount,
  getDiscount,
  listDiscounts,
  listRedemptions,
  updateDiscount,
} from './discounts.service.ts';

const db = useDatabase();
const run = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
const ten = { title: 'Ten', method: 'code', kind: 'percentage', percentPpm: 100_000 };
const make = (session: Session, more: object = {}) =>
  run(session, (ctx) => createDiscount(ctx, newDiscount.parse({ ...ten, ...more })));
const change = (session: Session, id: Id<'dis'>, patch: object, version?: number) =>
  run(session, (ctx) => updateDiscount(ctx, id, discountPatch.parse(patch), version));
const list = (session: Session, query: object = {}) =>
  run(session, (ctx) => listDiscounts(ctx, discountsQuery.parse(query)));
const add = (session: Session, id: Id<'dis'>, codes: string[], usageLimit: number | null = null) =>
  run(session, (ctx) => addCodes(ctx, id, { codes, usageLimit }));
const faultsOf = async (attempt: Promise<unknown>) => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidInput);
  return (error as InvalidInput).faults.map(({ pointer, code }) => `${pointer} ${code}`);
};

test('a discount is made, read, changed and archived; each change is noted and announced with the whole of it', async () => {
  const shop = await givenShop(db);
  const staff = await shop.as(await shop.hire('admin'));
  const { productId, variantId } = await givenGoods(db, shop.companyId);
  const made = await make(staff, {
    title: 'Buy a shirt, get socks',
    kind: 'buy_x_get_y',
    buy: { targets: [{ type: 'product', id: productId }], quantity: 2 },
    getQuantity: 1,
    targets: [{ type: 'variant', id: variantId }],
    amounts: [{ currency: 'KWD', subtotalMin: 1_500 }],
    codes: ['Shirt', 'SHIRT', 'socks'],
    usageLimit: 5,
  });
  expect(made).toMatchObject({
    class: 'product',
    status: 'active',
    combinesWith: ['order', 'shipping'],
    buy: { targets: [{ type: 'product', id: productId }], quantity: 2 },
    targets: [{ type: 'variant', id: variantId }],
    amounts: [{ currency: 'KWD', amount: null, subtotalMin: 1_500, amountMax: null }],
    codeCount: 2,
    codes: ['Shirt', 'socks'],
    used: 0,
    version: 1,
  });
  expect(await run(staff, (ctx) => getDiscount(ctx, made.id))).toEqual(made);
  const changed = await change(staff, made.id, { title: 'Socks', targets: [], usageLimit: null, combinesWith: [] }, 1);
  expect(changed).toMatchObject({
    title: 'Socks',
    targets: [],
    buy: made.buy,
    usageLimit: null,
    combinesWith: [],
    version: 2,
  });
  await expect(change(staff, made.id, { title: 'Late' }, 1)).rejects.toBeInstanceOf(VersionStale);
  const archived = await run(staff, (ctx) => archiveDiscount(ctx, made.id));
  expect(archived).toMatchObject({ status: 'archived', codeCount: 0, codes: [], version: 3 });
  expect(await run(staff, (ctx) => archiveDiscount(ctx, made.id))).toEqual(archived);
  await expect(change(staff, made.id, { title: 'Never' })).rejects.toBeInstanceOf(DiscountArchived);
  await expect(add(staff, made.id, ['X'])).rejects.toBeInstanceOf(DiscountArchived);
  expect(await shop.auditOf(made.id)).toEqual(['discount.created', 'discount.updated', 'discount.updated']);
  const events = await shop.eventsOf(made.id);
  expect(events.map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
    'discount.created 1',
    'discount.updated 2',
    'discount.updated 3',
  ]);
});

test('what does not fit together is refused, each thing by its field', async () => {
  const shop = await givenCompany(db);
  expect(await faultsOf(make(shop, { percentPpm: null }))).toEqual(['/percentPpm required']);
  expect(await faultsOf(make(shop, { kind: 'fixed_amount' }))).toEqual([
    '/percentPpm not_for_kind',
    '/amounts required',
  ]);
  const zero = {
    kind: 'fixed_amount',
    percentPpm: null,
    amounts: [
      { currency: 'NGN', amount: 0 },
      { currency: 'NGN', amount: 1 },
    ],
  };
  expect(await faultsOf(make(shop, zero))).toEqual([
    '/amounts/0/amount takes_nothing',
    '/amounts/1/currency named_twice',
  ]);
  const odd = { allocation: 'each', class: 'shipping', buy: { targets: [], quantity: 1 }, repeatMax: 2 };
  expect(await faultsOf(make(shop, odd))).toEqual([
    '/allocation not_for_kind',
    '/buy not_for_kind',
    '/repeatMax not_for_kind',
  ]);
  expect(await faultsOf(make(shop, { kind: 'free_shipping', percentPpm: null, class: 'order' }))).toEqual([
    '/class class_of_other_kind',
  ]);
  expect(await faultsOf(make(shop, { kind: 'buy_x_get_y' }))).toEqual(['/buy required', '/getQuantity required']);
  const window = { startsAt: '2026-11-21T10:00:00Z', endsAt: '2026-11-21T10:00:00Z' };
  expect(await faultsOf(make(shop, window))).toEqual(['/endsAt window_ends_before_it_begins']);
  expect(await faultsOf(make(shop, { method: 'automatic', codes: ['A'] }))).toEqual(['/codes not_for_method']);
  const { id } = await make(shop);
  expect(await faultsOf(change(shop, id, { percentPpm: null }))).toEqual(['/percentPpm required']);
  expect(newDiscount.safeParse({ ...ten, kind: 'gift' }).error?.issues[0]?.message).toContain(
    'Gifts cannot be given yet',
  );
});

test('goods and groups there are not are refused, also those of another company; a deleted one does not stop other changes', async () => {
  const [shop, other] = [await givenCompany(db), await givenCompany(db)];
  const { productId } = await givenGoods(db, other.companyId);
  const targets = [
    { type: 'product', id: productId },
    { type: 'variant', id: newId('var') },
    { type: 'collection', id: newId('col') },
    { type: 'category', id: newId('cat') },
  ];
  expect(await faultsOf(make(shop, { targets, customerGroupIds: [newId('cgr')] }))).toEqual([
    '/targets/0/id unknown_product',
    '/targets/1/id unknown_variant',
    '/targets/2/id unknown_collection',
    '/targets/3/id unknown_category',
    '/customerGroupIds/0 unknown_customer_group',
  ]);
  const group = newId('cgr');
  await db.admin`insert into customer_groups (company_id, id, name, name_key) values (${shop.companyId}, ${group}, 'Club', 'club')`;
  const { id } = await make(shop, { customerGroupIds: [group, group] });
  await db.admin`delete from customer_groups where id = ${group}`;
  expect(await change(shop, id, { title: 'Other' })).toMatchObject({ title: 'Other', customerGroupIds: [group] });
});

test("days are those of the company's time zone, and the last one counts whole", async () => {
  const shop = await givenCompany(db); // Africa/Lagos, an hour before UTC
  const made = await make(shop, { startsOn: '2026-11-27', endsOn: '2026-11-27' });
  expect(made).toMatchObject({ startsAt: '2026-11-26T23:00:00.000Z', endsAt: '2026-11-27T23:00:00.000Z' });
  await db.admin`update companies set timezone = 'Europe/Berlin' where company_id = ${shop.companyId}`;
  // The night in which the clock goes back: the day is 25 hours long.
  expect(await change(shop, made.id, { startsOn: '2026-10-25', endsOn: '2026-10-25' })).toMatchObject({
    startsAt: '2026-10-24T22:00:00.000Z',
    endsAt: '2026-10-25T23:00:00.000Z',
  });
  expect(await change(shop, made.id, { endsAt: null })).toMatchObject({
    startsAt: '2026-10-24T22:00:00.000Z',
    endsAt: null,
  });
  expect(await faultsOf(change(shop, made.id, { endsOn: '2026-10-25', endsAt: null }))).toEqual([
    '/endsOn named_twice',
  ]);
});

test('codes are unique in a company whatever their case, free again after archiving, and their own in another company', async () => {
  const [shop, other] = [await givenCompany(db), await givenCompany(db)];
  const first = await make(shop, { codes: ['Launch 10'] });
  await make(other, { codes: ['LAUNCH10'] });
  const taken = make(shop, { codes: ['new', 'launch10'] });
  await expect(taken).rejects.toThrow(/: launch10\. Choose others/);
  await expect(taken).rejects.toBeInstanceOf(DiscountCodesTaken);
  await expect(add(shop, first.id, ['ｌａｕｎｃｈ10'])).rejects.toBeInstanceOf(DiscountCodesTaken);
  await run(shop, (ctx) => archiveDiscount(ctx, first.id));
  expect(await make(shop, { codes: ['new', 'launch10'] })).toMatchObject({ codeCount: 2, codes: ['launch10', 'new'] });
});

test('codes are added, made at random, listed page by page and taken away', async () => {
  const shop = await givenCompany(db);
  const { id } = await make(shop);
  expect(await add(shop, id, ['ONE', 'TWO'], 1)).toMatchObject({ codeCount: 2, version: 2 });
  const random = await run(shop, (ctx) => addRandomCodes(ctx, id, { count: 200, prefix: 'VIP-', usageLimit: 1 }));
  expect(new Set(random).size).toBe(200);
  expect(random.every((code) => /^VIP-[2-9A-HJKMNP-Z]{10}$/.test(code))).toBe(true);
  const page = await run(shop, (ctx) => listCodes(ctx, id, { limit: 1 }));
  expect(page).toMatchObject({ data: [{ code: 'ONE', usageLimit: 1, used: 0 }], page: { hasMore: true } });
  const next = await run(shop, (ctx) => listCodes(ctx, id, { limit: 1, after: page.page.next ?? '' }));
  expect(next.data).toMatchObject([{ code: 'TWO' }]);
  await run(shop, (ctx) => removeCode(ctx, id, 'one'));
  await expect(run(shop, (ctx) => removeCode(ctx, id, 'ONE'))).rejects.toBeInstanceOf(NotFound);
  expect(await run(shop, (ctx) => getDiscount(ctx, id))).toMatchObject({ codeCount: 201 });
  const automatic = await make(shop, { method: 'automatic' });
  expect(await faultsOf(add(shop, automatic.id, ['X']))).toEqual(['/codes not_for_method']);
});

test('codes that are added at once are all counted, and one that two add belongs to one of them', async () => {
  const shop = await givenCompany(db);
  const [a, b] = [await make(shop), await make(shop)];
  await warmUp(db);
  const attempts = Array.from({ length: 12 }, (_, n) => add(shop, n % 2 ? a.id : b.id, [`C${n >> 1}`, `own-${n}`]));
  const settled = await Promise.allSettled(attempts);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
  const rows =
    await db.admin`select d.code_count as count, (select count(*)::int from discount_codes c where c.discount_id = d.id) as real
    from discounts d where d.company_id = ${shop.companyId}`;
  expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(12);
  for (const { count, real } of rows) expect(count).toBe(real);
});

test('lists are filtered by status, method and code, page by page, newest first, and never show those of another company', async () => {
  const [shop, other] = [await givenCompany(db), await givenCompany(db)];
  expect(await list(shop)).toEqual({ data: [], page: { hasMore: false, next: null } });
  await make(other, { codes: ['A'] });
  const a = await make(shop, { codes: ['A'] });
  const b = await make(shop, { method: 'automatic', status: 'paused' });
  const c = await make(shop);
  await run(shop, (ctx) => archiveDiscount(ctx, c.id));
  const ids = async (query: object) => (await list(shop, query)).data.map(({ id }) => id);
  expect(await ids({})).toEqual([b.id, a.id]);
  expect(await ids({ status: 'archived' })).toEqual([c.id]);
  expect(await ids({ status: 'paused' })).toEqual([b.id]);
  expect(await ids({ method: 'code' })).toEqual([a.id]);
  expect(await ids({ code: ' a ' })).toEqual([a.id]);
  expect(await ids({ code: 'b' })).toEqual([]);
  const first = await list(shop, { limit: 1 });
  expect(await ids({ limit: 1, after: first.page.next ?? '' })).toEqual([a.id]);
  const strange = (id: Id<'dis'>) => run(other, (ctx) => getDiscount(ctx, id));
  await expect(strange(a.id)).rejects.toBeInstanceOf(NotFound);
  await expect(change(other, a.id, { title: 'Mine' })).rejects.toBeInstanceOf(NotFound);
  await expect(run(other, (ctx) => listCodes(ctx, a.id, { limit: 9 }))).rejects.toBeInstanceOf(NotFound);
  await expect(run(other, (ctx) => listRedemptions(ctx, a.id, { limit: 9 }))).rejects.toBeInstanceOf(NotFound);
});

test('there are so many automatic discounts at once and no more; paused and past ones do not count', async () => {
  const shop = await givenCompany(db);
  const automatic = (more: object = {}) => make(shop, { method: 'automatic', ...more });
  const first = await automatic();
  const row = {
    company_id: shop.companyId,
    title: 'x',
    method: 'automatic',
    kind: 'percentage',
    class: 'order',
    percent_ppm: 1,
  };
  const combines = { combines_with_product: true, combines_with_order: true, combines_with_shipping: true };
  const rows = Array.from({ length: AUTOMATIC_MAX - 1 }, () => ({ ...row, ...combines, id: newId('dis') }));
  await db.admin`insert into discounts ${db.admin(rows)}`;
  await expect(automatic()).rejects.toBeInstanceOf(DiscountLimitReached);
  const paused = await automatic({ status: 'paused' });
  await expect(change(shop, paused.id, { status: 'active' })).rejects.toBeInstanceOf(DiscountLimitReached);
  await automatic({ endsAt: '2020-01-01T00:00:00Z' });
  expect(await change(shop, first.id, { title: 'Still active' })).toMatchObject({ title: 'Still active' });
  await change(shop, first.id, { status: 'paused' });
  expect(await change(shop, paused.id, { status: 'active' })).toMatchObject({ status: 'active' });
  await change(shop, paused.id, { status: 'paused' });
  await warmUp(db);
  const atOnce = [automatic(), change(shop, paused.id, { status: 'active' }), automatic(), automatic(), automatic()];
  const outcomes = await Promise.allSettled(atOnce);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
