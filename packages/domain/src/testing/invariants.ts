import { expect } from 'vitest';
import type { TestDatabase } from './database.ts';
import { WEBHOOK_INVARIANTS } from './webhook-invariants.ts';

/** Rows of one company point at rows of the same one. Those with a foreign key cannot do otherwise; these have none. */
const POINTERS: readonly (readonly [child: string, column: string, parent: string])[] = [
  ['orders', 'cart_id', 'carts'],
  ['orders', 'superseded_by_id', 'orders'],
  ['discount_redemptions', 'order_id', 'orders'],
  ['discount_redemptions', 'cart_id', 'carts'],
  ['order_discounts', 'discount_id', 'discounts'],
  ['order_shipping_lines', 'shipping_option_id', 'shipping_options'],
  ['payment_transactions', 'attempt_id', 'payment_attempts'],
  ['payment_transactions', 'refund_id', 'refunds'],
  ['refunds', 'attempt_id', 'payment_attempts'],
];

/** Refunds that took their part of what came in. */
const ACTIVE_REFUND = `r.status in ('starting', 'pending', 'succeeded', 'needs_attention')`;

/** How long after its time a row may wait for its worker: a lease of a minute, and the pauses of the loops. */
const LATE = `interval '75 seconds'`;

/**
 * What is true whatever happened: queries over all companies that must return no row. The numbers are those of the
 * reliability goals. What waits for a worker (I12, I13) is true once one has run.
 */
const INVARIANTS: Readonly<Record<string, string>> = {
  'I1 what is on hand is the sum of its movements, and covers what is reserved unless backorders are allowed': `
    select l.company_id, l.variant_id, l.location_id, l.on_hand, l.reserved, m.sum from stock_levels l
    join product_variants v on v.company_id = l.company_id and v.id = l.variant_id
    cross join lateral (select coalesce(sum(m.on_hand_delta), 0) as sum from stock_movements m
      where m.company_id = l.company_id and m.variant_id = l.variant_id and m.location_id = l.location_id) m
    where l.on_hand <> m.sum or l.on_hand < 0 or (l.reserved > l.on_hand and v.backorder is distinct from 'allow')`,
  'I2 what is reserved is the sum of the holds': `
    select l.company_id, l.variant_id, l.location_id, l.reserved, r.sum from stock_levels l
    cross join lateral (select coalesce(sum(r.quantity), 0) as sum from stock_reservations r
      where r.company_id = l.company_id and r.variant_id = l.variant_id and r.location_id = l.location_id
        and r.status = 'held') r
    where l.reserved <> r.sum`,
  'I2 an order holds what it still has to send, and no more': `
    select w.company_id, w.id, w.variant_id, w.units, h.units as held from (
      select o.company_id, o.id, l.variant_id, sum(l.quantity - l.cancelled - l.shipped) as units from orders o
      join order_lines l on l.company_id = o.company_id and l.order_id = o.id
      where o.lifecycle = 'open' or (o.lifecycle = 'pending' and (o.expires_at is null or o.expires_at > now()))
      group by o.company_id, o.id, l.variant_id) w
    join product_variants v on v.company_id = w.company_id and v.id = w.variant_id and v.tracks_stock
    left join lateral (select min(p.units) as units, max(p.units) as most from (
      select sum(r.quantity / r.pieces_each) as units from stock_reservations r
      where r.company_id = w.company_id and r.owner_type = 'order' and r.owner_id = w.id and r.status = 'held'
        and r.wanted_variant_id = w.variant_id
      group by r.variant_id) p) h on true
    where coalesce(h.units, 0) <> w.units or coalesce(h.most, 0) <> w.units`,
  'I2 an order that is over holds nothing': `
    select o.company_id, o.id, o.lifecycle, r.id as hold from orders o
    join stock_reservations r on r.company_id = o.company_id and r.owner_type = 'order' and r.owner_id = o.id
    where o.lifecycle in ('cancelled', 'expired') and r.status = 'held' and (r.expires_at is null or r.expires_at > now())`,
  'I6 the events of one thing are counted, each number once': `
    select e.company_id, e.aggregate_id, e.sequence, count(*), min(e.type) as type from events e where not e.is_test
    group by e.company_id, e.aggregate_id, e.sequence having count(*) > 1`,
  'I3 what an order was paid is what its payment captured, as far as it is asked for': `
    select o.company_id, o.id, o.paid_total, p.captured, p.amount from orders o
    left join payments p on p.company_id = o.company_id and p.order_id = o.id
    where o.paid_total <> coalesce(p.captured, 0) - (select coalesce(sum(r.amount), 0) from refunds r
        where r.company_id = p.company_id and r.payment_id = p.id and r.cause = 'second_payment')
      or (o.total > 0 and p.id is null)`,
  'I3 an order is called paid when what it owes came in': `
    select o.company_id, o.id, o.payment_status, o.paid_total, o.total, o.cancelled_total from orders o
    where (o.payment_status = 'paid' and o.paid_total < o.total - o.cancelled_total)
      or (o.payment_status = 'unpaid' and o.paid_total > 0)
      or (o.lifecycle = 'pending' and o.total > 0 and o.paid_total - o.refunded_total >= o.total)`,
  'I3 what came in beyond what was asked for goes back, or somebody looks': `
    select p.company_id, p.id, p.captured, p.amount from payments p
    join orders o on o.company_id = p.company_id and o.id = p.order_id
    where p.captured > p.amount and not o.needs_review and p.captured - p.amount <>
      (select coalesce(sum(r.amount), 0) from refunds r where r.company_id = p.company_id and r.payment_id = p.id
        and r.cause = 'second_payment' and ${ACTIVE_REFUND})`,
  'I3 money for an order that is over goes back, or somebody looks': `
    select p.company_id, p.id, p.captured, p.refunds_total from payments p
    join orders o on o.company_id = p.company_id and o.id = p.order_id
    where o.lifecycle in ('cancelled', 'expired') and p.captured > p.refunds_total and not o.needs_review`,
  'I4 the sums of a payment are those of its ledger': `
    select p.company_id, p.id, p.captured, t.charged, p.refunded, t.given_back from payments p
    cross join lateral (select
      coalesce(sum(t.amount) filter (where t.type = 'charge'), 0) as charged,
      coalesce(sum(t.amount) filter (where t.type = 'refund'), 0) as given_back
      from payment_transactions t where t.company_id = p.company_id and t.payment_id = p.id and t.status = 'succeeded') t
    where p.captured <> t.charged or p.refunded <> t.given_back`,
  'I4 an attempt that succeeded has one charge in the ledger, and no other has one': `
    select a.company_id, a.id, a.status, t.count from payment_attempts a
    cross join lateral (select count(*) from payment_transactions t where t.company_id = a.company_id
      and t.attempt_id = a.id and t.type = 'charge' and t.status = 'succeeded') t
    where t.count <> case when a.status = 'succeeded' then 1 else 0 end`,
  'I4 what counts in a ledger is in one currency': `
    select p.company_id, p.id from payments p join orders o on o.company_id = p.company_id and o.id = p.order_id
    join payment_transactions t on t.company_id = p.company_id and t.payment_id = p.id
    where p.currency <> o.currency or (t.status = 'succeeded' and t.currency <> p.currency)`,
  'I5 refunds are within what was captured, and the payment knows them all': `
    select p.company_id, p.id, p.captured, p.refunds_total, p.refunded, r.begun, r.done from payments p
    cross join lateral (select coalesce(sum(r.amount) filter (where ${ACTIVE_REFUND}), 0) as begun,
        coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0) as done
      from refunds r where r.company_id = p.company_id and r.payment_id = p.id) r
    where r.begun <> p.refunds_total or r.done <> p.refunded or r.begun > p.captured`,
  'I8 order numbers are given once, and none beyond the counter': `
    select o.company_id, o.number, count(*) from orders o
    join order_counters c on c.company_id = o.company_id
    group by o.company_id, o.number, c.last_value
    having count(*) > 1 or substring(o.number from '[0-9]+$')::bigint > c.last_value`,
  'I9 nothing points into another company': POINTERS.map(
    ([child, column, parent]) => `
    select '${child}.${column}' as pointer, c.company_id, c.${column} as points_at from ${child} c
    join ${parent} p on p.id = c.${column} where p.company_id <> c.company_id`,
  ).join(' union all '),
  'I10 a cart has one order that lives': `
    select o.company_id, o.cart_id, count(*) from orders o
    where o.cart_id is not null and o.lifecycle not in ('cancelled', 'expired')
    group by o.company_id, o.cart_id having count(*) > 1`,
  'I10 an order that was replaced is cancelled, and what replaced it is there': `
    select o.company_id, o.id, o.lifecycle from orders o
    left join orders n on n.company_id = o.company_id and n.id = o.superseded_by_id
    where o.superseded_by_id is not null and (o.lifecycle <> 'cancelled' or n.id is null)`,
  'I10 the cart of a confirmed order is closed': `
    select o.company_id, o.id, c.status from orders o
    join carts c on c.company_id = o.company_id and c.id = o.cart_id
    where o.lifecycle in ('open', 'completed') and c.status <> 'ordered'`,
  'I10 an order is placed once, and paid once': `
    select e.company_id, e.aggregate_id, e.type, count(*) from events e
    where e.type in ('order.placed', 'order.paid', 'order.cancelled')
    group by e.company_id, e.aggregate_id, e.type having count(*) > 1
    union all select o.company_id, o.id, 'order.placed', 0 from orders o where o.cart_id is not null
      and not exists (select from events e where e.company_id = o.company_id and e.aggregate_id = o.id and e.type = 'order.placed')`,
  'I11 uses of a discount are within its limit, and are its active redemptions': `
    select d.company_id, d.id, d.used, d.usage_limit, r.count from discounts d
    cross join lateral (select count(*) from discount_redemptions r where r.company_id = d.company_id
      and r.discount_id = d.id and r.status = 'active') r
    where d.used <> r.count or d.used > d.usage_limit`,
  'I11 uses of a code are within its limit, and are its active redemptions': `
    select c.company_id, c.code_key, c.used, c.usage_limit, r.count from discount_codes c
    cross join lateral (select count(*) from discount_redemptions r where r.company_id = c.company_id
      and r.discount_id = c.discount_id and r.code_key = c.code_key and r.status = 'active') r
    where c.used <> r.count or c.used > c.usage_limit`,
  'I11 an order that is over uses no discount': `
    select r.company_id, r.id, o.lifecycle from discount_redemptions r
    join orders o on o.company_id = r.company_id and o.id = r.order_id
    where r.status = 'active' and o.lifecycle in ('cancelled', 'expired')`,
  'I12 no hold lives long after its time': `
    select r.company_id, r.id, r.expires_at from stock_reservations r
    where r.status = 'held' and r.expires_at < now() - ${LATE}`,
  'I12 no order waits long after its time': `
    select o.company_id, o.id, o.expires_at from orders o
    where o.lifecycle = 'pending' and o.expires_at < now() - ${LATE}
      and not exists (select from payments p join payment_attempts a on a.company_id = p.company_id and a.payment_id = p.id
        where p.company_id = o.company_id and p.order_id = o.id and a.next_check_at is not null)`,
  'I13 no claim of an Idempotency-Key is held longer than its lease': `
    select k.company_id, k.route, k.key, k.leased_until from idempotency_keys k
    where k.answer is null and (k.leased_until is null or k.leased_until > now() + interval '15 seconds')`,
  'I13 nothing of payments waits long after its time': `
    select n.company_id, n.id, 'notice' as what, n.due_at from payment_notices n
      where n.status = 'waiting' and n.due_at < now() - ${LATE}
    union all select a.company_id, a.id, 'attempt', a.next_check_at from payment_attempts a where a.next_check_at < now() - ${LATE}
    union all select r.company_id, r.id, 'refund', r.next_check_at from refunds r where r.next_check_at < now() - ${LATE}
    union all select r.company_id, r.id, 'refund nobody asks about', null from refunds r
      where r.status in ('starting', 'pending') and r.next_check_at is null`,
  ...WEBHOOK_INVARIANTS,
};

/** What is not as it must be: each with the rows that show it. */
export async function brokenInvariants({ admin }: Pick<TestDatabase, 'admin'>): Promise<Record<string, unknown[]>> {
  const broken: Record<string, unknown[]> = {};
  for (const [name, text] of Object.entries(INVARIANTS)) {
    const rows = await admin.unsafe(text);
    if (rows.length > 0) broken[name] = rows.slice(0, 5);
  }
  return broken;
}

/** Fails with the rows that break an invariant. */
export async function expectInvariants(db: Pick<TestDatabase, 'admin'>, about = ''): Promise<void> {
  expect(await brokenInvariants(db), about).toEqual({});
}
