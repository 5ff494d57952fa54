import { GoodsTaken } from '../../catalog/inventory/inventory.errors.ts';
import { type Attempts, addressKey } from '../../identity/sessions/attempts.ts';
import type { Run, Session } from '../../kernel/ctx.ts';
import { workInParts } from '../../kernel/idempotency.ts';
import type { Id } from '../../kernel/ids.ts';
import type { CartAccess } from '../carts/cart-access.ts';
import { readOrder } from '../orders/order-rows.service.ts';
import { type OrderRecord, shopperViewOf } from '../orders/order-views.ts';
import { startPayment } from '../payments/checkout-payment.flow.ts';
import type { Gateways } from '../payments/gateway.ts';
import { chargeableBy } from '../payments/payment-means.service.ts';
import type { ShopperPaymentView } from '../payments/payments.contract.ts';
import type { CheckoutView, NewCheckout } from './checkout.contract.ts';
import { TotalChanged } from './checkout.errors.ts';
import { beginCheckout } from './checkout.service.ts';
import type { Begun, CheckoutRequest } from './checkout-begun.ts';

/** What a checkout needs of the world outside. */
export interface CheckoutPorts {
  readonly gateways: Gateways;
  readonly attempts: Attempts;
}

/**
 * Orders what is in a cart. One unit of work places the order with its goods, number, event and payment; then the
 * provider is asked for its page, outside any transaction; one more stores the answer. Without a provider there is but
 * the first. A crash in between loses nothing: asked again, with the same key or another, it goes on with the order that
 * is there. A provider that does not answer is 503 `payment_unavailable`; the order waits, and asking again begins a new
 * attempt once the old one is known not to be paid. Throws as `beginCheckout` and `startPayment` do, and
 * `TooManyAttempts`: another total than expected may tell whether an address has bought here, and to be told so without
 * ordering anything is counted for the network, like guesses of codes.
 */
export async function checkout(
  run: Run,
  { gateways, attempts }: CheckoutPorts,
  session: Session,
  cartId: Id<'cart'>,
  access: CartAccess,
  body: NewCheckout,
): Promise<CheckoutView> {
  try {
    return await order(run, gateways, session, { cartId, access, body, chargeable: chargeableBy(gateways) });
  } catch (error) {
    if (error instanceof TotalChanged && error.tellsOfAddress)
      await attempts.consume('discount_code', `${addressKey(session.ip)}|${session.companyId}`);
    throw error;
  }
}

async function order(run: Run, gateways: Gateways, session: Session, request: CheckoutRequest): Promise<CheckoutView> {
  const { body } = request;
  if (!gateways.has(body.paymentProvider ?? 'manual'))
    return withCare(request, (asked) =>
      run(session, async (ctx) => {
        const { order, token, payment } = await beginCheckout(ctx, asked);
        return viewOf(order, token, payment);
      }),
    );
  return workInParts(run, session, async ({ first, last }) => {
    const begun = await withCare(request, (asked) => run(first, (ctx) => beginCheckout(ctx, asked)));
    if (!begun.toPay) return run(last, async () => viewOf(begun.order, begun.token, begun.payment));
    const payment = await startPayment(run, gateways, session, begun.toPay);
    return run(last, async (ctx) =>
      viewOf(await orderAfter(begun, payment, () => readOrder(ctx, begun.order.id)), begun.token, payment),
    );
  });
}

/** Does it once more where somebody was faster to the goods: then they are reserved first, and a refusal tells what there is. */
async function withCare<T>(request: CheckoutRequest, attempt: (request: CheckoutRequest) => Promise<T>): Promise<T> {
  try {
    return await attempt(request);
  } catch (error) {
    if (!(error instanceof GoodsTaken)) throw error;
    return attempt({ ...request, isCareful: true });
  }
}

/** The provider may have said that it was paid already. */
const orderAfter = async ({ order }: Begun, { status }: ShopperPaymentView, read: () => Promise<OrderRecord>) =>
  status === 'pending' ? order : read();

const viewOf = (order: OrderRecord, token: string, payment: ShopperPaymentView | null): CheckoutView => ({
  order: { ...shopperViewOf(order), token },
  payment,
});
