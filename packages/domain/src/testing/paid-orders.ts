import type { Session } from '../kernel/ctx.ts';
import { newId } from '../kernel/ids.ts';
import { newCancellation } from '../sales/payments/cancellation.contract.ts';
import { cancel } from '../sales/payments/cancellation.flow.ts';
import { startPayment } from '../sales/payments/checkout-payment.flow.ts';
import { settleManually } from '../sales/payments/manual.service.ts';
import { reconcileShare } from '../sales/payments/reconciliation.flow.ts';
import type { RefundWish } from '../sales/payments/refunds.contract.ts';
import { giveBack } from '../sales/payments/refunds.flow.ts';
import { previewRefund } from '../sales/payments/refunds.service.ts';
import type { TestDatabase } from './database.ts';
import { FakeGateway } from './fake-gateway.ts';
import { booksOf, givenOrder, givenPayableShop, type OrderWish } from './payable-orders.ts';

/** Somebody of the staff who may give money back. */
export const staffOf = (system: Session): Session => ({
  ...system,
  actor: { type: 'staff', id: newId('stf') },
  permissions: new Set(['refunds.write']),
});

/** The same with an Idempotency-Key of its own. */
export const withKey = (session: Session, key: string = newId('evt')): Session => ({
  ...session,
  idempotency: { key, route: 'POST /v1/payments/:id/refunds', digest: key },
});

/** A paid order and the ways to give its money back. */
export async function givenPaidOrder(db: TestDatabase, wish: OrderWish = {}) {
  const system = await givenPayableShop(db);
  const gateway = new FakeGateway();
  const order = await givenOrder(db, system, wish);
  const { paymentId, attemptId, orderId } = order;
  const staff = staffOf(system);
  const { run } = db.app;
  const { companyId } = system;
  const reconcile = async () => {
    await db.admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
    await db.admin`update refunds set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
    while (await reconcileShare(run, gateway.gateways, system));
  };
  if (wish.provider === 'manual') await run(staff, (ctx) => settleManually(ctx, paymentId, { reference: 'TRF-1' }));
  else {
    const start = { paymentId, attemptId, provider: 'paystack' as const, returnUrl: 'https://shop.example/thanks' };
    await startPayment(run, gateway.gateways, { ...system, isShopper: true }, start);
    gateway.move(gateway.references[0] ?? '', 'succeeded');
    await reconcile();
  }
  return {
    run,
    system,
    staff,
    gateway,
    order,
    reconcile,
    books: () => booksOf(db, order),
    give: (refund: RefundWish, session: Session = withKey(staff)) =>
      giveBack(run, gateway.gateways, session, paymentId, refund),
    preview: (refund: RefundWish) => run(staff, (ctx) => previewRefund(ctx, paymentId, refund)),
    cancel: (more: object = {}, session: Session = withKey(staff)) =>
      cancel(run, gateway.gateways, session, orderId, newCancellation.parse({ reason: 'Changed mind', ...more })),
  };
}
