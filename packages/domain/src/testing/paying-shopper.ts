import { type Session, systemSession } from '../kernel/ctx.ts';
import { newId } from '../kernel/ids.ts';
import { startPayment } from '../sales/payments/checkout-payment.flow.ts';
import { receiveHook, workOnNotice } from '../sales/payments/notices.flow.ts';
import { reconcileShare } from '../sales/payments/reconciliation.flow.ts';
import { verifyPayment } from '../sales/payments/verification.flow.ts';
import type { TestDatabase } from './database.ts';
import { FakeGateway, hookOf, TEST_SECRET } from './fake-gateway.ts';
import { booksOf, givenOrder, givenPayableShop, type OrderWish, type PayableOrder } from './payable-orders.ts';

export const RETURN = 'https://shop.example/thanks';

/** Somebody with a storefront's key. */
export const shopperOf = ({ companyId }: Session): Session => ({
  ...systemSession(companyId, 'test'),
  actor: { type: 'key', id: newId('key') },
  isShopper: true,
});

/** A shop, its provider, and an order whose shopper is at the provider's page. */
export async function givenShopperAtPage(db: TestDatabase, wish: OrderWish = {}) {
  const system = await givenPayableShop(db);
  const gateway = new FakeGateway();
  const order = await givenOrder(db, system, wish);
  const again = (more: object = {}) => {
    const { paymentId, attemptId } = order;
    const start = { paymentId, attemptId, provider: 'paystack' as const, returnUrl: RETURN, ...more };
    return startPayment(db.app.run, gateway.gateways, shopperOf(system), start);
  };
  await again();
  const [reference = ''] = gateway.references;
  return { system, gateway, order, again, reference, ...waysToSettle(db, system, gateway, order) };
}

function waysToSettle(db: TestDatabase, system: Session, gateway: FakeGateway, order: PayableOrder) {
  const { run } = db.app;
  const access = { tokenHash: order.tokenHash, customerId: null };
  const { companyId } = system;
  const send = (event: string, about: string, more?: object) =>
    receiveHook(run, gateway.gateways, {
      ...hookOf(event, about, TEST_SECRET, more),
      companyId,
      provider: 'paystack',
      requestId: 'r',
    });
  const work = async () => {
    while (await workOnNotice(run, gateway.gateways, system));
  };
  const due = () =>
    db.admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
  const refundsDue = () =>
    db.admin`update refunds set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
  const reconcile = async () => {
    await due();
    await refundsDue();
    while (await reconcileShare(run, gateway.gateways, system));
  };
  return {
    send,
    work,
    reconcile,
    comeBack: () => verifyPayment(run, gateway.gateways, shopperOf(system), order.paymentId, access),
    books: () => booksOf(db, order),
  };
}
