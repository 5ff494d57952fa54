import { and, asc, eq } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { type OrderAccess, refuseClosedOrder } from '../orders/order-links.service.ts';
import { orders } from '../orders/orders.schema.ts';
import { attemptViewOf, type PaymentRow, refundViewOf, summaryOf, transactionViewOf } from './payment-views.ts';
import type { PaymentSummary, PaymentsQuery, PaymentView } from './payments.contract.ts';
import { paymentAttempts, payments, paymentTransactions, refunds } from './payments.schema.ts';

/** A payment with all that belongs to it. Throws `NotFound`. */
export async function getPayment(ctx: Ctx, id: Id<'pay'>): Promise<PaymentView> {
  const [found] = await withOrder(ctx, eq(payments.id, id));
  if (!found) throw new NotFound('payment');
  const [attempts, transactions, back] = [
    await ctx.tx
      .select()
      .from(paymentAttempts)
      .where(mine(ctx, paymentAttempts, eq(paymentAttempts.paymentId, id)))
      .orderBy(asc(paymentAttempts.id)),
    await ctx.tx
      .select()
      .from(paymentTransactions)
      .where(mine(ctx, paymentTransactions, eq(paymentTransactions.paymentId, id)))
      .orderBy(asc(paymentTransactions.id)),
    await ctx.tx
      .select()
      .from(refunds)
      .where(mine(ctx, refunds, eq(refunds.paymentId, id)))
      .orderBy(asc(refunds.id)),
  ];
  return {
    ...summaryOf(found.payment),
    orderNumber: found.orderNumber,
    attempts: attempts.map(attemptViewOf),
    transactions: transactions.map(transactionViewOf),
    refunds: back.map(refundViewOf),
  };
}

/** Payments, newest first. */
export async function listPayments(
  ctx: Ctx,
  { limit, after, status, provider, orderId }: PaymentsQuery,
): Promise<Page<PaymentSummary & { orderNumber: string }>> {
  const { where, orderBy } = keyset({ columns: [payments.id], direction: 'desc' }, after);
  const filters = and(
    status && eq(payments.status, status),
    provider && eq(payments.provider, provider),
    orderId && eq(payments.orderId, orderId),
    where,
  );
  const rows = await withOrder(ctx, filters)
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    ({ payment }) => [payment.id],
    ({ payment, orderNumber }) => ({ ...summaryOf(payment), orderNumber }),
  );
}

/** No such payment, or none whose order opens to whoever asks: the two must not differ. */
class ShoppersPaymentNotFound extends NotFound {
  constructor() {
    super('payment', "Send the order's token as X-Order-Token, or the access token of the customer whose order it is.");
  }
}

/** A payment for whoever may see its order. Throws `NotFound`: a payment of an order that does not open is not there. */
export async function paymentOfShopper(ctx: Ctx, id: Id<'pay'>, access: OrderAccess): Promise<PaymentRow> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.id, id)));
  if (!payment) throw new ShoppersPaymentNotFound();
  await refuseClosedOrder(ctx, payment.orderId, access).catch((error: unknown) => {
    throw error instanceof NotFound ? new ShoppersPaymentNotFound() : error;
  });
  return payment;
}

const withOrder = (ctx: Ctx, where: ReturnType<typeof and>) =>
  ctx.tx
    .select({ payment: payments, orderNumber: orders.number })
    .from(payments)
    .innerJoin(orders, and(eq(orders.companyId, payments.companyId), eq(orders.id, payments.orderId)))
    .where(mine(ctx, payments, where))
    .$dynamic();
