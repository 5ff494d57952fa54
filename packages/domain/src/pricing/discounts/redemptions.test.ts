import { beforeAll, expect, test } from 'vitest';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { parameters, runText, type Value } from '../../kernel/text-statement.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenCompany } from '../../testing/goods.ts';
import { warmUp } from '../../testing/people.ts';
import { addCodes, removeCode } from './code-changes.service.ts';
import { discountsJson, discountsOf } from './discount-facts.service.ts';
import { newDiscount } from './discounts.contract.ts';
import { DiscountUsedUp } from './discounts.errors.ts';
import { archiveDiscount, createDiscount, getDiscount, listRedemptions, updateDiscount } from './discounts.service.ts';
import { eraseRedemptionsOf, type Redemption, redeemDiscounts, releaseRedemptions } from './redemptions.service.ts';

const db = useDatabase();
const run = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => db.app.run(session, work);
type DiscountId = Id<'dis'>;

let shop: Session;
/** Whoever buys: what shoppers do to their own needs no audit note. */
let shopper: Session;
beforeAll(async () => {
  shop = await givenCompany(db);
  shopper = { ...shop, isShopper: true };
});

let made = 0;
async function given(more: object = {}, limit: number | null = null) {
  const code = `CODE${++made}`;
  const input = newDiscount.parse({ title: 'Ten', method: 'code', kind: 'percentage', percentPpm: 100_000, ...more });
  const { id } = await run(shop, (ctx) => createDiscount(ctx, input));
  await run(shop, (ctx) => addCodes(ctx, id, { codes: [code], usageLimit: limit }));
  return { id, code };
}
type Given = Awaited<ReturnType<typeof given>>;

const redemption = (taken: readonly Given[], more: Partial<Redemption> = {}): Redemption => ({
  orderId: newId('ord'),
  cartId: newId('cart'),
  customerId: null,
  emailKey: `guest${++made}@example.com`,
  currency: 'NGN',
  taken: taken.map(({ id, code }) => ({ discountId: id, code, amount: 100n })),
  ...more,
});
const redeem = (what: Redemption) => run(shopper, (ctx) => redeemDiscounts(ctx, what));
const release = (orderId: Id<'ord'>) => run(shopper, (ctx) => releaseRedemptions(ctx, orderId));

/** I11: what is counted is what is there, and never more than the limits. */
async function counted(id: DiscountId) {
  const [row] = await db.admin`select d.used, d.usage_limit, (select count(*)::int from discount_redemptions r
      where r.company_id = d.company_id and r.discount_id = d.id and r.status = 'active') as active,
    (select coalesce(sum(c.used), 0)::int from discount_codes c where c.company_id = d.company_id and c.discount_id = d.id) as codes
    from discounts d where d.id = ${id}`;
  expect(row?.['used']).toBe(row?.['active']);
  expect(row?.['codes']).toBe(row?.['active']);
  expect(row?.['usage_limit'] ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(Number(row?.['used']));
  return Number(row?.['used']);
}

async function outcomes(attempts: Promise<unknown>[]) {
  const settled = await Promise.allSettled(attempts);
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused.filter((reason) => !(reason instanceof DiscountUsedUp))).toEqual([]);
  return { taken: settled.length - refused.length, refused: refused.length };
}

test('of 50 who redeem a code of one use at once, exactly one gets it', async () => {
  const one = await given({ usageLimit: 1 });
  await warmUp(db);
  const attempts = Array.from({ length: 50 }, () => redeem(redemption([one])));
  expect(await outcomes(attempts)).toEqual({ taken: 1, refused: 49 });
  expect(await counted(one.id)).toBe(1);
});

test('of 50 who redeem one code of a batch at once, as many get it as the code allows', async () => {
  const one = await given({}, 3);
  await warmUp(db);
  const attempts = Array.from({ length: 50 }, () => redeem(redemption([one])));
  expect(await outcomes(attempts)).toEqual({ taken: 3, refused: 47 });
  expect(await counted(one.id)).toBe(3);
});

test('a customer who places many orders at once uses it as often as one customer may, logged in or out', async () => {
  const one = await given({ perCustomerLimit: 2 });
  const [customerId, emailKey] = [newId('cus'), 'ada@example.com'];
  await warmUp(db);
  const attempts = Array.from({ length: 20 }, (_, n) =>
    redeem(redemption([one], { emailKey, customerId: n % 2 === 0 ? customerId : null })),
  );
  expect(await outcomes(attempts)).toEqual({ taken: 2, refused: 18 });
  await redeem(redemption([one]));
  expect(await counted(one.id)).toBe(3);
});

test('a discount on a first order is used once by one customer, and not at all by one who has ordered', async () => {
  const one = await given({ firstOrderOnly: true });
  const [customerId, emailKey] = [newId('cus'), 'mary.first@example.com'];
  await warmUp(db);
  const attempts = Array.from({ length: 10 }, (_, n) =>
    redeem(redemption([one], { emailKey, customerId: n % 2 === 0 ? customerId : null })),
  );
  expect(await outcomes(attempts)).toEqual({ taken: 1, refused: 9 });
  const former = { id: newId('ord'), email_key: 'former@example.com' };
  const amounts = { subtotal: 0, discount: 0, shipping: 0, tax: 0, total: 0, explanation: '[]' };
  const about = { number: '1', token_hash: 'x', email: 'x', currency: 'NGN', prices_include_tax: true };
  const row = { company_id: shop.companyId, lifecycle: 'open', ...former, ...about, ...amounts };
  await db.admin`insert into orders ${db.admin(row)}`;
  const again = redemption([one], { emailKey: former.email_key });
  expect(await outcomes([redeem(again)])).toEqual({ taken: 0, refused: 1 });
  // The order itself is not one before it.
  await redeem({ ...again, orderId: former.id });
  expect(await counted(one.id)).toBe(2);
});

test('orders that take two discounts in different order never wait for each other in a circle', async () => {
  const [a, b] = [await given({ usageLimit: 30 }), await given()];
  await warmUp(db);
  const attempts = Array.from({ length: 40 }, (_, n) => redeem(redemption(n % 2 === 0 ? [a, b] : [b, a])));
  expect(await outcomes(attempts)).toEqual({ taken: 30, refused: 10 });
  expect([await counted(a.id), await counted(b.id)]).toEqual([30, 30]);
});

test('when one of two is used up neither is counted, the error names it, and the unit of work may go on', async () => {
  const [full, other, mine] = [await given({ usageLimit: 1 }), await given(), await given({ perCustomerLimit: 1 })];
  const emailKey = 'grace@example.com';
  await redeem(redemption([full]));
  await redeem(redemption([mine], { emailKey }));
  const both = [redemption([full, other]), redemption([mine, other], { emailKey })];
  for (const [at, what] of both.entries())
    await run(shopper, async (ctx) => {
      const refused = await redeemDiscounts(ctx, what).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(DiscountUsedUp);
      expect(refused).toMatchObject({ status: 409, names: [at === 0 ? full.code : mine.code] });
    });
  expect([await counted(full.id), await counted(other.id), await counted(mine.id)]).toEqual([1, 0, 1]);
});

test('redeeming twice and releasing twice count once, and what was released can be taken again', async () => {
  const one = await given({ usageLimit: 1, perCustomerLimit: 1 }, 1);
  const what = redemption([one]);
  await redeem(what);
  await redeem(what);
  expect(await counted(one.id)).toBe(1);
  await release(what.orderId);
  await release(what.orderId);
  expect(await counted(one.id)).toBe(0);
  await redeem(what);
  expect(await counted(one.id)).toBe(1);
  expect(await outcomes([redeem(redemption([one]))])).toEqual({ taken: 0, refused: 1 });
  const { data } = await run(shop, (ctx) => listRedemptions(ctx, one.id, { limit: 10 }));
  expect(data).toMatchObject([{ orderId: what.orderId, code: one.code, status: 'active', releasedAt: null }]);
});

test('releases and redemptions at once leave the counter at what is there', async () => {
  const one = await given({ usageLimit: 10 });
  const first = Array.from({ length: 10 }, () => redemption([one]));
  for (const what of first) await redeem(what);
  await warmUp(db);
  const attempts = first.flatMap((what) => [release(what.orderId), release(what.orderId), redeem(redemption([one]))]);
  await outcomes(attempts);
  expect(await counted(one.id)).toBeLessThanOrEqual(10);
});

test('orders without discounts cost no statement, and nobody redeems for another company', async () => {
  await redeem(redemption([]));
  const one = await given();
  const stranger = { ...(await givenCompany(db)), isShopper: true };
  await run(stranger, (ctx) => redeemDiscounts(ctx, redemption([one])));
  expect(await counted(one.id)).toBe(0);
});

test('erasing a person takes their address off what they redeemed', async () => {
  const one = await given();
  const customerId = newId('cus');
  await redeem(redemption([one], { customerId, emailKey: 'mary@example.com' }));
  await redeem(redemption([one], { emailKey: 'mary@example.com' }));
  await run(shopper, (ctx) => eraseRedemptionsOf(ctx, customerId, 'mary@example.com'));
  const rows = await db.admin`select 1 from discount_redemptions where email_key = 'mary@example.com'`;
  expect(rows).toHaveLength(0);
  expect(await counted(one.id)).toBe(2);
});

const names = parameters<'company' | 'currency' | 'codes' | 'customer' | 'email' | 'cart'>();
const factsText = `select ${discountsJson({
  company: names.of('company'),
  currency: names.of('currency'),
  codeKeys: `${names.of('codes')}::text[]`,
  customerId: names.of('customer'),
  emailKey: names.of('email'),
  cartId: names.of('cart'),
})} as facts`;
async function read(session: Session, more: Partial<Record<(typeof names.names)[number], Value>> = {}) {
  const values = { company: session.companyId, currency: 'NGN', codes: '{}', customer: null, email: null, cart: null };
  const [row] = await run(session, (ctx) =>
    runText<{ facts: unknown }, (typeof names.names)[number]>(
      ctx,
      { text: factsText, names: names.names },
      { ...values, ...more },
    ),
  );
  return discountsOf(row?.facts);
}

test('the reader gives automatic discounts that are not over, and those of the given codes', async () => {
  const own = await givenCompany(db);
  const make = (more: object) => run(own, (ctx) => createDiscount(ctx, newDiscount.parse({ title: 'Some', ...more })));
  const running = await make({ method: 'automatic', kind: 'free_shipping', startsAt: '2030-01-01T00:00:00Z' });
  await make({ method: 'automatic', kind: 'free_shipping', status: 'paused' });
  await make({ method: 'automatic', kind: 'free_shipping', endsAt: '2020-01-01T00:00:00Z' });
  const coded = await make({ method: 'code', kind: 'free_shipping', codes: ['Ship It', 'GRATIS'], status: 'paused' });
  const gone = await make({ method: 'code', kind: 'free_shipping', codes: ['OLD'] });
  await run(own, (ctx) => archiveDiscount(ctx, gone.id));
  const found = await read(own, { codes: '{"shipit","gratis","old","nope"}' });
  expect(found.map(({ id, code, isActive }) => [id, code, isActive])).toEqual([
    [running.id, null, true],
    [coded.id, 'GRATIS', false],
    [coded.id, 'Ship It', false],
  ]);
  expect(await read(own)).toHaveLength(1);
  expect(await read(await givenCompany(db), { codes: '{"shipit"}' })).toEqual([]);
});

test('the reader gives amounts in the currency of the basket, and says when there are none', async () => {
  const own = await givenCompany(db);
  const amounts = [
    { currency: 'JPY', amount: 500, subtotalMin: 3_000 },
    { currency: 'KWD', amount: 1_500, amountMax: 9_007_199_254_740_991 },
  ];
  const input = {
    title: 'Off',
    method: 'automatic',
    kind: 'fixed_amount',
    class: 'product',
    allocation: 'each',
    amounts,
  };
  await run(own, (ctx) => createDiscount(ctx, newDiscount.parse(input)));
  const min = [{ currency: 'JPY', subtotalMin: 1_000 }];
  const ten = { title: 'Ten', method: 'automatic', kind: 'percentage', percentPpm: 100_000, amounts: min };
  await run(own, (ctx) => createDiscount(ctx, newDiscount.parse(ten)));
  expect(await read(own, { currency: 'JPY' })).toMatchObject([
    { amount: 500n, subtotalMin: 3_000n, amountMax: null, isInCurrency: true, allocation: 'each' },
    {
      amount: null,
      subtotalMin: 1_000n,
      isInCurrency: true,
      percentPpm: 100_000,
      combinesWith: ['product', 'shipping'],
    },
  ]);
  expect(await read(own, { currency: 'KWD' })).toMatchObject([
    { amount: 1_500n, subtotalMin: null, amountMax: 9_007_199_254_740_991n, isInCurrency: true },
    { subtotalMin: null, isInCurrency: false },
  ]);
});

test('the reader counts uses of the account and of the address, each once, and not those of the cart itself', async () => {
  const one = await given({ usageLimit: 9, perCustomerLimit: 9 }, 9);
  const [customerId, cartId, email] = [newId('cus'), newId('cart'), 'joan@example.com'];
  await redeem(redemption([one], { customerId, emailKey: email }));
  await redeem(redemption([one], { emailKey: email }));
  await redeem(redemption([one], { customerId, emailKey: 'other@example.com', cartId }));
  await redeem(redemption([one]));
  const codes = `{"${one.code.toLowerCase()}"}`;
  const uses = async (more: object) => {
    const [facts] = await read(shop, { codes, ...more });
    return [facts?.used, facts?.codeUsed, facts?.usedByCustomer];
  };
  expect(await uses({})).toEqual([4, 4, 0]);
  expect(await uses({ customer: customerId })).toEqual([4, 4, 2]);
  expect(await uses({ email })).toEqual([4, 4, 2]);
  expect(await uses({ customer: customerId, email })).toEqual([4, 4, 3]);
  expect(await uses({ customer: customerId, email, cart: cartId })).toEqual([3, 3, 2]);
});

test('a code that is taken away and comes back goes on counting, and no limit goes below what is used', async () => {
  const one = await given({ usageLimit: 5 }, 2);
  const what = redemption([one]);
  await redeem(what);
  await run(shop, (ctx) => removeCode(ctx, one.id, one.code));
  await run(shop, (ctx) => addCodes(ctx, one.id, { codes: [one.code], usageLimit: 1 }));
  expect(await outcomes([redeem(redemption([one]))])).toEqual({ taken: 0, refused: 1 });
  expect(await counted(one.id)).toBe(1);
  await redeem(redemption([await given()], { taken: [] }));
  const lowered = run(shop, (ctx) => updateDiscount(ctx, one.id, { usageLimit: 1 }));
  expect(await lowered).toMatchObject({ usageLimit: 1, used: 1 });
  await release(what.orderId);
  expect(await run(shop, (ctx) => getDiscount(ctx, one.id))).toMatchObject({ used: 0 });
});
