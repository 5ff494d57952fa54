import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { announce, book } from './ledger.service.ts';
import type { NewManualSettlement, PaymentView } from './payments.contract.ts';
import { MoreThanDue, PaymentNotOpen, ReferenceUsed } from './payments.errors.ts';
import { paymentCaptured } from './payments.events.ts';
import { getPayment } from './payments.service.ts';
import { lockPayment } from './refunds.service.ts';
import { honour } from './settlement.service.ts';

/**
 * Takes down money that came in without a provider: a transfer, cash on delivery; all that is due, or a part of it. It
 * counts as a provider's word does. For an order that is over it opens the order again where that can be, else somebody
 * has to look. Throws `NotFound`, `PaymentNotOpen`, `MoreThanDue`, `ReferenceUsed`.
 */
export async function settleManually(
  ctx: Ctx,
  id: Id<'pay'>,
  { amount: wanted, reference, note }: NewManualSettlement,
): Promise<PaymentView> {
  const payment = await lockPayment(ctx, id);
  const due = payment.amount - payment.captured;
  if (due <= 0n) throw new PaymentNotOpen(payment.status);
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
  );
  if (!booked) throw new ReferenceUsed(reference);
  await announce(ctx, paymentCaptured, booked);
  await honour(ctx, booked.payment, booked.transaction);
  return getPayment(ctx, id);
}
