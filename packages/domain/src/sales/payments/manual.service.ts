import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { orders } from '../orders/orders.schema.ts';
import { book } from './ledger.service.ts';
import { dueOf } from './payment-sums.ts';
import type { NewManualSettlement, PaymentView } from './payments.contract.ts';
import { MoreThanDue, OrderIsOver, PaymentNotOpen, ReferenceUsed } from './payments.errors.ts';
import { paymentCaptured } from './payments.events.ts';
import { getPayment } from './payments.service.ts';
import { lockPayment } from './refunds.service.ts';
import { honour } from './settlement.service.ts';

/**
 * Takes down money that came in without a provider: a transfer, cash on delivery; all that is due, or a part of it. It
 * counts as a provider's word does. An expired order it opens again where that can be, else somebody has to look; for a
 * cancelled one it is refused, unless `force` says that it came in all the same: then somebody has to look.
 * Throws `NotFound`, `OrderIsOver`, `PaymentNotOpen`, `MoreThanDue`, `ReferenceUsed`.
 */
export async function settleManually(
  ctx: Ctx,
  id: Id<'pay'>,
  { amount: wanted, reference, note, force = false }: NewManualSettlement,
): Promise<PaymentView> {
  const payment = await lockPayment(ctx, id);
  if (!force) await refuseCancelled(ctx, payment.orderId);
  const due = dueOf(payment);
  if (due === 0n) throw new PaymentNotOpen(payment.status);
  const amount = wanted === undefined ? due : BigInt(wanted);
  if (amount > due) throw new MoreThanDue({ amountMinor: due, currency: payment.currency });
  const booked = await book(
    ctx,
    payment,
    {
      attemptId: null,
      provider: 'manual',
      type: 'charge',
      status: 'succeeded',
      amount,
      // One transfer may pay two orders, so the receipt is known per payment.
      providerReference: `${id}:${reference}`,
      source: 'staff',
      message: note ?? null,
    },
    { captured: amount },
    paymentCaptured,
  );
  if (!booked) throw new ReferenceUsed(reference);
  await honour(ctx, booked.payment, booked.transaction);
  return getPayment(ctx, id);
}

/** Under the payment's lock, which whoever cancels takes before. */
async function refuseCancelled(ctx: Ctx, orderId: Id<'ord'>): Promise<void> {
  const [order] = await ctx.tx
    .select({
      number: orders.number,
      lifecycle: orders.lifecycle,
      // By name: drizzle leaves the table out where only one is selected from.
      supersededBy: sql<{
        number: string;
        paymentId: string | null;
      } | null>`(select json_build_object('number', o.number,
          'paymentId', p.id) from orders o left join payments p on p.company_id = o.company_id and p.order_id = o.id
        where o.company_id = orders.company_id and o.id = orders.superseded_by_id)`,
    })
    .from(orders)
    .where(mine(ctx, orders, eq(orders.id, orderId)));
  if (order?.lifecycle === 'cancelled') throw new OrderIsOver(order.number, order.supersededBy);
}
