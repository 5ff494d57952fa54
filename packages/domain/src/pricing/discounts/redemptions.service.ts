import { eq, or, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { hasOrderedText } from './customer-history.service.ts';
import { codeKeyOf } from './discount-codes.ts';
import { DiscountUsedUp } from './discounts.errors.ts';
import { discountRedemptions } from './discounts.schema.ts';

/** What a placed order takes of discounts. */
export interface Redemption {
  readonly orderId: Id<'ord'>;
  readonly cartId: Id<'cart'> | null;
  readonly customerId: Id<'cus'> | null;
  /** By `emailKey` (kernel/text.ts). */
  readonly emailKey: string | null;
  readonly currency: Currency;
  /** Minor units, as they stand in the totals. */
  readonly taken: readonly { readonly discountId: Id<'dis'>; readonly code: string | null; readonly amount: bigint }[];
}

interface Judged {
  discountId: Id<'dis'>;
  name: string;
  fits: boolean;
  isFresh: boolean;
  perCustomerLimit: number | null;
  firstOrderOnly: boolean;
}

/**
 * Counts discounts as used by an order, in its placement's transaction: locks their rows in the order of their ids and
 * counts all of them or, if one has no use left, none. One statement; one more where a limit per customer has to be
 * looked at, under the same locks: a discount on a first order is for one order of a customer, so orders that wait for
 * their payment count as well as those that are open or completed. Twice for the same order counts once; what was released is taken again.
 * Throws `DiscountUsedUp`; the unit of work may go on after it.
 */
export async function redeemDiscounts(ctx: Ctx, redemption: Redemption): Promise<void> {
  const { orderId, cartId, customerId, emailKey, currency, taken } = redemption;
  if (taken.length === 0) return;
  const rows = taken.map(({ discountId, code, amount }) => ({
    id: newId('dre'),
    d: discountId,
    k: code === null ? null : codeKeyOf(code),
    c: code,
    a: amount.toString(),
  }));
  const judged = await runText<Judged, RedeemName>(ctx, REDEEM, {
    company: ctx.companyId,
    order: orderId,
    cart: cartId,
    customer: customerId,
    email: emailKey,
    currency,
    rows: JSON.stringify(rows),
  });
  const full = judged.filter(({ fits }) => !fits);
  if (full.length > 0) throw new DiscountUsedUp(full.map(({ name }) => name));
  await refuseBeyondCustomer(ctx, redemption, judged);
}

/**
 * Gives the uses of an order back: when the whole of it is cancelled, is superseded or expires. A use stays used when
 * only a part is cancelled, and after a refund: the shopper had the discount. Any number of times.
 */
export async function releaseRedemptions(ctx: Ctx, orderId: Id<'ord'>): Promise<void> {
  await runText(ctx, RELEASE, { company: ctx.companyId, order: orderId, only: null });
}

/**
 * Locks the discounts and codes an order has used and those another will take in its place, all in one order, before
 * either is touched: given back and taken one after the other they would be locked in two rounds, and two checkouts could
 * wait for each other. One statement.
 */
export async function lockRedemptions(ctx: Ctx, orderId: Id<'ord'>, taking: Redemption['taken']): Promise<void> {
  const rows = taking.map(({ discountId, code }) => ({ d: discountId, k: code === null ? null : codeKeyOf(code) }));
  await runText(ctx, LOCK, { company: ctx.companyId, order: orderId, rows: JSON.stringify(rows) });
}

/** Takes a person's address off what they redeemed; counts and amounts stay. `emailKey`: what they used as a guest. */
export async function eraseRedemptionsOf(ctx: Ctx, customerId: Id<'cus'>, emailKey: string | null): Promise<void> {
  const isTheirs = or(
    eq(discountRedemptions.customerId, customerId),
    emailKey === null ? undefined : eq(discountRedemptions.emailKey, emailKey),
    // Placed as a guest, perhaps with an address they had before. Text, for orders come later in the order of rooms.
    sql`order_id in (select o.id from orders o where o.company_id = ${ctx.companyId} and o.customer_id = ${customerId})`,
  );
  await ctx.tx
    .update(discountRedemptions)
    .set({ emailKey: null })
    .where(mine(ctx, discountRedemptions, isTheirs));
}

/** The rows are counted already and locked: whoever else is this customer waits, and then counts these as well. */
async function refuseBeyondCustomer(ctx: Ctx, redemption: Redemption, judged: readonly Judged[]): Promise<void> {
  const { orderId, customerId, emailKey } = redemption;
  const limited = judged.filter((one) => one.isFresh && limitOf(one) !== null);
  if (limited.length === 0) return;
  const counts = await runText<{ discountId: Id<'dis'>; uses: number; hasOrdered: boolean | null }, UsesName>(
    ctx,
    USES_OF_CUSTOMER,
    { company: ctx.companyId, customer: customerId, email: emailKey, order: orderId, only: arrayOf(limited) },
  );
  const known = new Map(counts.map((row) => [row.discountId, row]));
  const beyond = limited.filter((one) => {
    const { uses = 0, hasOrdered = false } = known.get(one.discountId) ?? {};
    return uses > (limitOf(one) ?? 0) || (one.firstOrderOnly && hasOrdered);
  });
  if (beyond.length === 0) return;
  const only = arrayOf(judged.filter(({ isFresh }) => isFresh));
  await runText(ctx, RELEASE, { company: ctx.companyId, order: orderId, only });
  throw new DiscountUsedUp(beyond.map(({ name }) => name));
}

/** How often one customer may use it. There is one first order. */
const limitOf = ({ perCustomerLimit, firstOrderOnly }: Judged) => (firstOrderOnly ? 1 : perCustomerLimit);

/** Ids as the text of an array. */
const arrayOf = (discounts: readonly { discountId: string }[]) =>
  `{${discounts.map(({ discountId }) => discountId).join(',')}}`;

type RedeemName = 'company' | 'order' | 'cart' | 'customer' | 'email' | 'currency' | 'rows';

// By order, cart or customer, never by discount (`is true` keeps the planner from it): a discount may have very many.
// `locked` and `locked_code` see their rows as they are once the lock is got. The statement's other reads do not: counters
// are set from what was locked, for `used = used + 1` would first try its check constraint on the row as it was before.
const REDEEM = {
  names: ['company', 'order', 'cart', 'customer', 'email', 'currency', 'rows'],
  text: `with wanted as materialized (
      select * from json_to_recordset($7::json) as w(id text, d text collate "C", k text collate "C", c text, a bigint)
    ), locked as materialized (
      select d.id, d.title, d.usage_limit, d.used, d.per_customer_limit, d.first_order_only from discounts d
      where d.company_id = $1 and d.id = any(array(select w.d from wanted w))
      order by d.id for no key update
    ), locked_code as materialized (
      select c.code_key, c.discount_id, c.usage_limit, c.used from discount_codes c
      where c.company_id = $1 and (select count(*) from locked) > 0 and c.code_key = any(array(select w.k from wanted w))
      order by c.code_key for no key update
    ), judged as materialized (
      select w.id, w.d, w.k, w.c, w.a, l.title, l.per_customer_limit, l.first_order_only, l.used, c.used as code_used,
        r.order_id is null as is_fresh,
        r.order_id is not null or ((l.usage_limit is null or l.used < l.usage_limit)
          and (w.k is null or (c.code_key is not null and (c.usage_limit is null or c.used < c.usage_limit)))) as fits
      from wanted w join locked l on l.id = w.d
      left join locked_code c on c.code_key = w.k and c.discount_id = w.d
      left join discount_redemptions r on r.company_id = $1 and r.order_id = $2 and (r.discount_id = w.d) is true
        and r.status = 'active'
    ), counted as materialized (
      select * from judged where is_fresh and (select bool_and(j.fits) from judged j)
    ), raised as (
      update discounts d set used = n.used + 1 from counted n
      where d.company_id = $1 and d.id = n.d and d.id = any(array(select w.d from wanted w))
    ), raised_code as (
      update discount_codes c set used = n.code_used + 1 from counted n
      where c.company_id = $1 and c.code_key = n.k and c.code_key = any(array(select w.k from wanted w))
    ), kept as (
      insert into discount_redemptions
        (company_id, id, discount_id, order_id, cart_id, code_key, code, customer_id, email_key, amount, currency)
      select $1, n.id, n.d, $2, $3, n.k, n.c, $4, $5, n.a, $6 from counted n
      on conflict (company_id, order_id, discount_id) do update set status = 'active', released_at = null,
        amount = excluded.amount, code_key = excluded.code_key, code = excluded.code
    )
    select j.d as "discountId", coalesce(j.c, j.title) as name, j.fits, j.is_fresh as "isFresh",
      j.per_customer_limit as "perCustomerLimit", j.first_order_only as "firstOrderOnly"
    from judged j order by j.d`,
} as const;

type UsesName = 'company' | 'customer' | 'email' | 'order' | 'only';

const USES_OF_CUSTOMER = {
  names: ['company', 'customer', 'email', 'only', 'order'],
  text: `select r.discount_id as "discountId", count(*)::int as uses,
      ${hasOrderedText({ company: '$1', customerId: '$2::text', emailKey: '$3::text', exceptOrderId: '$5::text' })} as "hasOrdered"
    from (
      select a.discount_id, a.status from discount_redemptions a where a.company_id = $1 and a.customer_id = $2
      union all
      select b.discount_id, b.status from discount_redemptions b
      where b.company_id = $1 and b.email_key = $3 and (b.customer_id = $2) is not true
    ) r
    where r.status = 'active' and (r.discount_id = any($4::text[])) is true
    group by r.discount_id`,
} as const;

const LOCK: TextStatement<'company' | 'order' | 'rows'> = {
  names: ['company', 'order', 'rows'],
  text: `with wanted as materialized (
      select w.d, w.k from json_to_recordset($3::json) as w(d text collate "C", k text collate "C")
      union select r.discount_id, r.code_key from discount_redemptions r
      where r.company_id = $1 and r.order_id = $2 and r.status = 'active'
    ), locked as materialized (
      select d.id from discounts d where d.company_id = $1 and d.id = any(array(select w.d from wanted w))
      order by d.id for no key update
    ), locked_code as materialized (
      select c.code_key from discount_codes c
      where c.company_id = $1 and (select count(*) from locked) > 0 and c.code_key = any(array(select w.k from wanted w))
      order by c.code_key for no key update
    )
    select (select count(*)::int from locked) as discounts, (select count(*)::int from locked_code) as codes`,
};

const RELEASE = {
  names: ['company', 'order', 'only'],
  text: `with held as materialized (
      select r.discount_id, r.code_key from discount_redemptions r
      where r.company_id = $1 and r.order_id = $2 and r.status = 'active'
        and ($3::text[] is null or r.discount_id = any($3::text[]))
    ), locked as materialized (
      select d.id, d.used from discounts d
      where d.company_id = $1 and d.id = any(array(select h.discount_id from held h))
      order by d.id for no key update
    ), locked_code as materialized (
      select c.code_key, c.discount_id, c.used from discount_codes c
      where c.company_id = $1 and (select count(*) from locked) > 0 and c.code_key = any(array(select h.code_key from held h))
      order by c.code_key for no key update
    ), gone as (
      update discount_redemptions r set status = 'released', released_at = now()
      where r.company_id = $1 and r.order_id = $2 and r.status = 'active' and r.discount_id in (select l.id from locked l)
      returning r.discount_id, r.code_key
    ), lowered as (
      update discounts d set used = l.used - 1 from locked l
      where d.company_id = $1 and d.id = l.id and d.id = any(array(select g.discount_id from gone g))
    )
    update discount_codes c set used = greatest(l.used - 1, 0) from locked_code l join gone g
      on g.discount_id = l.discount_id and g.code_key = l.code_key
    where c.company_id = $1 and c.code_key = l.code_key and c.code_key = any(array(select h.code_key from held h))`,
} as const;
