import { and, desc, eq, gt, lt, sql } from 'drizzle-orm';
import { getCompany } from '../../company/companies/companies.service.ts';
import { hashToken, makeToken, readToken } from '../../identity/sessions/opaque-token.ts';
import { type Visitor, visitorIn } from '../../identity/sessions/visitor.ts';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey } from '../../kernel/text.ts';
import { readOrder } from './order-rows.service.ts';
import { orderTokenHash } from './order-token.ts';
import type { OrderRecord } from './order-views.ts';
import type { NewOrderLookup } from './orders.contract.ts';
import { OrderLinkRefused } from './orders.errors.ts';
import { orderLinkRequested } from './orders.events.ts';
import { orderLinks, orders } from './orders.schema.ts';

const HOUR_SECONDS = 60 * 60;
/** For whoever reads their mail the next morning. */
const MAILED_LINK_SECONDS = 24 * HOUR_SECONDS;
/** For a shopper who checks out a second time and never saw the first answer. */
const REPEATED_LINK_SECONDS = 30 * 24 * HOUR_SECONDS;

/** With what somebody comes to an order: the hash of a token that came along, and the customer it is from. */
export interface OrderAccess {
  readonly tokenHash: string | null;
  readonly customerId: Id<'cus'> | null;
}

/** The access of a request: its `X-Order-Token`, and the customer it is from. */
export const orderAccessOf = ({ actor }: Session, token: string | undefined): OrderAccess => ({
  tokenHash: orderTokenHash(token),
  customerId: actor.type === 'customer' ? actor.id : null,
});

/** No such order, or none that opens to whoever asks: the two must not differ. */
export class OrderNotFound extends NotFound {
  constructor() {
    super('order', "Send the order's token as X-Order-Token, or the token of the customer whose order it is.");
  }
}

/**
 * An order for its shopper: opened by its own token, by the token of a link that is still good, or by the customer it
 * belongs to. Anything else is as if it were not there. Throws `NotFound`.
 */
export async function openOrder(ctx: Ctx, id: Id<'ord'>, access: OrderAccess): Promise<OrderRecord> {
  await refuseClosedOrder(ctx, id, access);
  return readOrder(ctx, id);
}

/** As `openOrder`, for whoever needs no more than to know that it opens. */
export async function refuseClosedOrder(
  ctx: Ctx,
  id: Id<'ord'>,
  { tokenHash, customerId }: OrderAccess,
): Promise<void> {
  const opens = sql`(${orders.tokenHash} = ${tokenHash}::text or ${orders.customerId} = ${customerId}::text
    or exists (select from order_links k where k.company_id = ${ctx.companyId} and k.order_id = ${orders.id}
      and k.token_hash = ${tokenHash}::text and k.expires_at > now()))`;
  const [found] = await ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, and(eq(orders.id, id), opens)));
  if (!found) throw new OrderNotFound();
}

/** Where a mailed link leads, for whoever comes with it and no API key: its token names the company. Throws `OrderLinkRefused`. */
export function orderLinkVisitor(token: string, visitor: Visitor): Session {
  const read = readToken('olk', token);
  if (!read) throw new OrderLinkRefused();
  return visitorIn(read.companyId, visitor);
}

/** The order a mailed link leads to. Throws `OrderLinkRefused` for one that is over or never was, and while the shop is closed. */
export async function openOrderLink(ctx: Ctx, token: string): Promise<OrderRecord> {
  const [link] = await ctx.tx
    .select({ orderId: orderLinks.orderId })
    .from(orderLinks)
    .where(
      mine(ctx, orderLinks, and(eq(orderLinks.tokenHash, hashToken(token)), gt(orderLinks.expiresAt, sql`now()`))),
    );
  if (!link || (await getCompany(ctx)).status !== 'active') throw new OrderLinkRefused();
  return readOrder(ctx, link.orderId);
}

/** One more token for an order, for whoever has proved to be its shopper and cannot know the first one. It names the company. */
export async function addOrderLink(ctx: Ctx, orderId: Id<'ord'>, seconds = REPEATED_LINK_SECONDS): Promise<string> {
  const { token, hash } = makeToken('olk', ctx.companyId);
  const expiresAt = after(ctx.now, seconds);
  await ctx.tx
    .insert(orderLinks)
    .values({ companyId: ctx.companyId, id: newId('olk'), orderId, tokenHash: hash, expiresAt });
  return token;
}

/**
 * A token for each of the orders that there are, for mails to their shoppers, by order. One statement. What a mail leads to
 * is good as long as the link of whoever checks out again.
 */
export async function addOrderLinks(ctx: Ctx, orderIds: readonly string[]): Promise<Map<string, string>> {
  if (orderIds.length === 0) return new Map();
  const made = new Map([...new Set(orderIds)].map((id) => [id, makeToken('olk', ctx.companyId)]));
  const rows = [...made].map(([orderId, { hash }]) => ({ id: newId('olk'), order: orderId, hash }));
  const stored = await ctx.tx.execute<{
    order_id: string;
  }>(sql`insert into order_links (company_id, id, order_id, token_hash,
      expires_at)
    select o.company_id, n.id, o.id, n.hash, ${after(ctx.now, REPEATED_LINK_SECONDS)}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as n(id text, "order" text collate "C", hash text)
    join orders o on o.company_id = ${ctx.companyId} and o.id = n."order"
    returning order_id`);
  return new Map(stored.map(({ order_id }) => [order_id, made.get(order_id)?.token ?? '']));
}

/**
 * Sends a link to the order with this number to the address it was placed with, if that is the address given. Says
 * nothing of whether there is one.
 */
export async function requestOrderLink(ctx: Ctx, { number, email }: NewOrderLookup): Promise<void> {
  const [order] = await ctx.tx
    .select({ id: orders.id, number: orders.number, email: orders.email })
    .from(orders)
    .where(mine(ctx, orders, and(eq(orders.number, number), eq(orders.emailKey, emailKey(email)))))
    .orderBy(desc(orders.id))
    .limit(1);
  if (!order) return;
  const token = await addOrderLink(ctx, order.id, MAILED_LINK_SECONDS);
  const [raised] = await ctx.tx
    .update(orders)
    .set({ eventSequence: sql`${orders.eventSequence} + 1` })
    .where(mine(ctx, orders, eq(orders.id, order.id)))
    .returning({ sequence: orders.eventSequence });
  await emit(ctx, orderLinkRequested, {
    aggregate: { id: order.id, sequence: raised?.sequence ?? 0 },
    data: { lookup: { orderId: order.id, number: order.number, email: order.email } },
    privately: { token, expiresAt: after(ctx.now, MAILED_LINK_SECONDS) },
  });
}

/** Deletes this company's links that are past their time; returns how many. */
export async function sweepOrderLinks(ctx: Ctx): Promise<number> {
  const gone = await ctx.tx
    .delete(orderLinks)
    .where(mine(ctx, orderLinks, lt(orderLinks.expiresAt, sql`now()`)))
    .returning({ id: orderLinks.id });
  if (gone.length > 0)
    ctx.audit({
      action: 'order_links.swept',
      entity: { type: 'company', id: ctx.companyId },
      after: { count: gone.length },
    });
  return gone.length;
}
